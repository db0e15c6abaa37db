"""The set-up of the logs."""

import json
import logging

import pytest
import structlog

from shared.logs import configure_logs


@pytest.fixture(autouse=True)
def _no_handlers(_logs_as_before: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without handlers, as a process does."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])


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
