"""`voxpop ingest` as a person calls it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from services.cli import command, upload
from services.cli.console import SOME_FAILED, WRONG_USAGE
from tests.unit.ingest.sources.layouts.examples import ARCHIVED, JETSTREAM, OWN, V1, lines_of

Ended = tuple[int, str, str]


@pytest.fixture
def voxpop(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Return a call that runs a command beside a service that takes every post, and tells code, output and errors."""

    def answer(request: httpx.Request) -> httpx.Response:
        posts = json.loads(request.content)["posts"]
        return httpx.Response(200, json={"accepted": len(posts), "duplicates": 0, "rejected": []})

    def connected(*_: object) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://ingest")

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(upload, "connect", connected)
        monkeypatch.setattr(sys, "argv", ["voxpop", "ingest", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command.main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(ended.value.code or 0), printed.out, printed.err

    return call


def test_a_key_that_is_nowhere_is_wrong_usage(voxpop: Callable[..., Ended], tmp_path: Path) -> None:
    """The command ends with 2, names the key and the nearest one, and sends nothing."""
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines_of([V1]))
    code, out, error = voxpop(path, "--brand", "b", "--map", "author_id=user.id_sr")
    assert (code, out) == (WRONG_USAGE, "")
    assert "no key 'user.id_sr' for author_id; the nearest is 'user.id_str'" in error


def test_what_was_passed_over_or_lacks_is_said_beside_the_counts(voxpop: Callable[..., Ended], tmp_path: Path) -> None:
    """On stderr, so that the JSON of the counts stands alone."""
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines_of([OWN, {**JETSTREAM, "kind": "identity"}, ARCHIVED]) + b"\nno JSON")
    code, out, error = voxpop(path, "--brand", "b", "--json")
    assert code == SOME_FAILED
    assert json.loads(out) | {"reasons": []} == {"accepted": 2, "duplicates": 0, "rejected": 1, "reasons": []}
    assert "account.js is not beside the file" in error
    assert "1 objects were passed over: an event of Jetstream" in error
