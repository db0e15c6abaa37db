"""What `make run` shows."""

import re
from collections.abc import Callable

import httpx

from tests.e2e.conftest import Server

SIZE = re.compile(r"\d+ \(\d+%\)")
"""How many authors a cluster has, and their share."""


def test_the_demo_imports_trains_and_serves(start: Callable[..., Server]) -> None:
    """On an empty store the sample goes in, cards and addresses are printed, and every address answers."""
    server = start("demo", "--demo")
    printed = server.lines_until("Ctrl-C stops.")
    assert any(line.startswith("accepted 1998  duplicates 0  rejected 0") for line in printed)
    assert sum(SIZE.search(line) is not None for line in printed) >= 3
    addresses = [line.strip() for line in printed if line.strip().startswith(server.url)]
    assert len(addresses) == 4
    assert all(httpx.get(address, trust_env=False).is_success for address in addresses)

    server.kill()
    again = start("demo", "--demo").lines_until("Ctrl-C stops.")
    assert not any(line.startswith("accepted") for line in again)
    assert any(SIZE.search(line) for line in again)
