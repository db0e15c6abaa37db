"""`voxpop x-sandbox`: a file replayed for a client that listens, with the settings to copy."""

import asyncio
import io
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from sandbox.credentials import SandboxCredentials
from sandbox.faults import chosen_changes
from sandbox.replay import publish, replay
from sandbox.sandbox import Sandbox
from services.cli.x_sandbox import serve, x_sandbox
from services.ingest.sources.file import open_file
from services.ingest.sources.rows import Row
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.transport import XTransport
from shared.clock import SystemClock
from shared.errors import SettingsError

ROWS = [
    {"post_id": "1", "author_id": "cairdin", "text": "@united late", "created_at": "2015-02-24 11:35:52 -0800"},
    {"post_id": "2", "author_id": "5", "text": "thanks @united", "created_at": "2015-02-24", "followers": 9},
]


@pytest.fixture
def reading() -> Iterator[ExitStack]:
    """Yield what closes the files of a test."""
    with ExitStack() as stack:
        yield stack


async def test_a_person_needs_the_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading: ExitStack
) -> None:
    """The lines that are printed are settings that work; the file's posts come once a client searches."""
    file = tmp_path / "posts.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in ROWS) + "\nnot JSON\n")
    said: asyncio.Queue[str] = asyncio.Queue()
    sandbox = Sandbox(tmp_path / "sandbox", credentials=SandboxCredentials())
    source = reading.enter_context(open_file(str(file), {}, "x", io.BytesIO()))
    work = [partial(publish, sandbox, source.rows, 1000, "und", said.put_nowait)]
    serving = asyncio.create_task(serve(sandbox, "127.0.0.1", 0, work, said.put_nowait))
    for _ in range(7):
        name, _, value = (await said.get()).partition("=")
        monkeypatch.setenv(name, value)
    assert "waiting" in await said.get()
    settings = XSettings()
    network = await XTransport.by(settings)
    client = XClient(network, SystemClock(), settings.require_x_bearer())
    assert await client.search("@united") == {"meta": {"result_count": 0}}
    assert "publishing 1000 posts a second" in await said.get()
    assert await said.get() == "published 2 posts, 1 rows could not be read; still answering"
    await client.aclose()
    os.kill(os.getpid(), signal.SIGTERM)
    await serving


async def test_posts_whose_row_tells_no_language_get_the_one_that_is_given(tmp_path: Path) -> None:
    """So that a brand with languages finds them, as it would at X, which detects them."""
    post = {"author": {"id": "1"}, "text": "late"}
    rows = [Row(1, post), Row(2, {**post, "language": "de"})]
    async with Sandbox(tmp_path) as sandbox:
        assert await replay(sandbox, iter(rows), 1000, "en") == (2, 0)
        assert [post.language for post in sandbox.timeline.published()] == ["en", "de"]


def test_an_unknown_fault_is_named_before_anything_starts(tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(SettingsError, match="'rain' is no fault; the faults are all, stall, drop"):
        x_sandbox(str(tmp_path / "nothing"), faults="rain", folder=tmp_path)
    assert chosen_changes(" drop, stall ") == ["drop", "stall"]


def test_a_file_that_is_not_there_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command says which, and ends as for any wrong use."""
    with pytest.raises(SystemExit) as ended:
        x_sandbox(str(tmp_path / "nothing"), folder=tmp_path / "sandbox")
    assert (ended.value.code, "nothing: No such file" in capsys.readouterr().err.replace("\n", "")) == (2, True)
    assert not (tmp_path / "sandbox").exists()
