"""Bodies made to freeze or to fill a service, and the largest that are right, on every route that takes one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.attacked_process import SMALLER_BYTES, most_held

MOST_TIMES = 40
"""How many times its own size a body may take in memory."""
BESIDES = 32 * 2**20
"""What a small body may take: allocators take memory in large pieces, and other work goes on."""
MOST_ANSWERED = 4000
"""Bytes of a refusal."""


def attacked(folder: Path) -> list[dict[str, Any]]:
    """Return what the four services, in a process of their own, said to each body, and what it cost them."""
    command = [sys.executable, "-m", "tests.e2e.attacked_process", str(folder)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=900, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_no_body_breaks_holds_or_fills_a_service(tmp_path: Path) -> None:
    """What is hostile is refused in few words, what is only large is taken, and neither stops the event loop.

    The loop is held by its own thread or by one that keeps the interpreter's lock, a body's memory is the most that the
    process had while it read it. Routes are found in the OpenAPI documents, so a new one is attacked too.
    """
    told = attacked(tmp_path)
    assert len({one["sent"].partition(":")[0] for one in told}) >= 20
    assert max(one["bytes"] for one in told) > 8 * 2**20 - 1000
    large = [one for one in told if one["sent"].endswith(": large")]
    assert [one["sent"] for one in large if one["status"] != 200] == ["PUT /sentiment/v1/categories/largest: large"]
    hostile = [one for one in told if one not in large]
    assert [one for one in hostile if one["status"] not in {404, 422} or one["answered"] > MOST_ANSWERED] == []
    assert [one for one in told if one["held"] > most_held(one["bytes"])] == []
    allowed = [MOST_TIMES * one["bytes"] + BESIDES * (one["bytes"] <= 2 * SMALLER_BYTES) for one in told]
    assert [one for one, most in zip(told, allowed, strict=True) if one["grown"] > most] == []
