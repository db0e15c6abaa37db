"""Runs the command as `python -m services.cli`."""

from services.cli.command import main

main()
