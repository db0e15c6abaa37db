"""The set-up of the logs."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.logs import configure_logs


@pytest.fixture(autouse=True)
def _no_handlers(_logs_as_before: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin without handlers, as a process does, and with tweepy heard: a client of X silences it for the process."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    tweepy = logging.getLogger("tweepy")
    level = tweepy.level
    tweepy.setLevel(logging.NOTSET)
    yield
    tweepy.setLevel(level)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_off_a_terminal_each_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """An event comes out on stderr with its level, its time in UTC, its fields and the request's."""
    configure_logs("INFO")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger("any").info("batch.folded", posts=3, name="é\nü")
    (line,) = _lines(capsys)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {"event": "batch.folded", "level": "info", "posts": 3, "name": "é\nü", "request_id": "r1"}


def test_a_librarys_lines_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """What a library logs by the standard library keeps to one line of JSON, a newline within it too."""
    configure_logs("INFO")
    logging.getLogger("uvicorn.error").error("could not start:\n%s", "reason")
    (line,) = _lines(capsys)
    assert (line["event"], line["level"]) == ("could not start:\nreason", "error")
    assert "timestamp" in line


@pytest.mark.parametrize(
    ("level", "shown"),
    [("DEBUG", ["debug", "info", "warning"]), ("info", ["info", "warning"]), ("WARNING", ["warning"]), ("ERROR", [])],
)
def test_only_the_level_and_above_is_shown(level: str, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The level is read in any case."""
    configure_logs(level)
    log = structlog.get_logger("any")
    for name in ("debug", "info", "warning"):
        getattr(log, name)("event")
    assert [line["level"] for line in _lines(capsys)] == shown


def test_an_unknown_level_is_info(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt level silences nothing that matters."""
    configure_logs("LOUD")
    structlog.get_logger("any").debug("event")
    structlog.get_logger("any").info("event")
    assert [line["level"] for line in _lines(capsys)] == ["info"]


def test_libraries_do_not_log_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    """The client's line for each request, with its URL, stays out even at DEBUG."""
    configure_logs("DEBUG")
    logging.getLogger("httpx").info("HTTP Request: GET http://profiles/v1/brands/united")
    logging.getLogger("any.library").info("chatter")
    assert _lines(capsys) == []


POST = "my bag was lost, call me on 020 7946 0018"
TOKEN = "token-of-the-network-4815162342"


def _raised() -> BaseException:
    with pytest.raises(ValueError, match="bag") as caught:
        _refuse()
    return caught.value


def _refuse() -> None:
    raise ValueError(POST)


@pytest.mark.parametrize(
    ("name", "words", "arguments"),
    [
        ("httpx", "HTTP Request: GET %s", (f"https://api.example/2/tweets?query={POST}&token={TOKEN}",)),
        ("tweepy.asynchronous.streaming", "Received errors: %s", ([{"detail": POST}],)),
        ("tweepy.client", f"Unexpected parameter: {TOKEN}", ()),
        ("pymongo.command", "Command failed: %(reply)s", ({"reply": {"errmsg": POST}},)),
        ("aiohttp.client", f"Unclosed connection\nclient_connection: Connection<{TOKEN}>", ()),
        ("asyncio", f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{POST}')>", ()),
        ("asyncio", "Future exception was never retrieved: %r", (ValueError(POST),)),
        ("uvicorn.error", "Exception in ASGI application\n", ()),
        ("uvicorn.error", "failed: %r", (ValueError(POST),)),
        ("uvicorn.error", "cannot reach %s", (f"http://user:{TOKEN}@host/path?text={TOKEN}",)),
        ("any.library", "%d of %s", (POST,)),
        ("any.library", ValueError(POST), ()),
    ],
)
def test_a_librarys_record_tells_no_value(
    name: str, words: object, arguments: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an argument, nor an address' query, nor an error's message or representation, but the error's type."""
    configure_logs("DEBUG")
    logging.getLogger(name).error(words, *arguments, exc_info=_raised())
    (line,) = _lines(capsys)
    written = json.dumps(line)
    for secret in (POST, POST.split(",", maxsplit=1)[0], TOKEN, "7946"):
        assert secret not in written
    assert (line["logger"], line["level"], line["error"]) == (name, "error", "ValueError")
    assert line["event"]
    assert str(line["frames"]).startswith("['test_logs.py:")


def test_a_librarys_record_keeps_its_sentence_and_its_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """What went wrong can be read: the sentence, numbers, types of what else it told."""
    configure_logs("INFO")
    logging.getLogger("tweepy").error("Stream encountered HTTP Error: %d after %s", 420, "a text")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task>")
    events = [line["event"] for line in _lines(capsys)]
    assert events == ["Stream encountered HTTP Error: 420 after str", "Task exception was never retrieved"]
