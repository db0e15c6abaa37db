"""Writes `docs/settings.md` from the settings classes and the command's options; `--check` only compares."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer.main
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from services.cli.command import app
from services.clusters.settings import ClustersSettings
from services.ingest.settings import IngestSettings
from services.profiles.settings import ProfilesSettings
from services.sentiment.settings import SentimentSettings
from shared.settings import ServiceSettings

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "settings.md"
SERVICES: Final[dict[str, type[ServiceSettings]]] = {
    "ingest": IngestSettings,
    "sentiment": SentimentSettings,
    "profiles": ProfilesSettings,
    "clusters": ClustersSettings,
}
HEAD: Final = """\
# Settings

Services read these variables from the environment or from a `.env` file in the working folder. The command reads its
own from the environment alone. A wrong value stops the start with a sentence that names the variable.

This page is written by `make docs` from the settings classes; `make check` fails where the two differ.
"""
TABLE: Final = "\n| variable | default | meaning |\n|---|---|---|\n"


def page() -> str:
    """Return the page as it should be."""
    parts = [HEAD, "\n## The command\n", TABLE, *_command_rows(), "\n## Every service\n", TABLE]
    parts += _rows(ServiceSettings.model_fields.values())
    for name, settings in SERVICES.items():
        own = (field for key, field in settings.model_fields.items() if key not in ServiceSettings.model_fields)
        parts += [f"\n## {name.capitalize()}\n", TABLE, *_rows(own)]
    return "".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or compare it; return the exit status."""
    parser = argparse.ArgumentParser(description="Writes docs/settings.md from the settings classes.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 where the page is out of date")
    if not parser.parse_args(arguments).check:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        print("docs/settings.md is out of date: run `make docs`", file=sys.stderr)
        return 1
    return 0


def _rows(fields: Any) -> Iterator[str]:
    found: dict[str, FieldInfo] = {field.alias: field for field in fields}
    for variable, field in found.items():
        yield _row(variable, _default(field), field.description or "")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=False)
    if value is PydanticUndefined or value is None or value in ("", frozenset(), ()):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    # A folder of the tree is shown as seen from its root: the page is the same in every checkout.
    return str(value).removeprefix(f"{ROOT}/")


def _command_rows() -> Iterator[str]:
    found: dict[str, tuple[str, str]] = {
        "VOXPOP_API_KEY": ("", "the key that the command shows to the services"),
    }
    for command in typer.main.get_group(app).commands.values():
        for option in command.params:
            variable = getattr(option, "envvar", None)
            if isinstance(variable, str):
                default = "" if option.default is None else str(option.default)
                found.setdefault(variable, (default, getattr(option, "help", None) or _ARGUMENTS[variable]))
    for variable in sorted(found):
        yield _row(variable, *found[variable])


_ARGUMENTS: Final = {"VOXPOP_SERVICE": "the service that `voxpop serve` runs"}


def _row(variable: str, default: str, meaning: str) -> str:
    shown = f"`{default}`" if default else ""
    return f"| `{variable}` | {shown} | {meaning.replace('|', '&#124;')} |\n"


if __name__ == "__main__":
    sys.exit(main())
