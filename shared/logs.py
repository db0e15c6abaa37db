"""Structured logs on stderr: JSON lines off a terminal, readable lines on one.

What libraries log is told without values: an error's message, an argument or an address may hold a post, an id or a
token.
"""

import logging
import re
import sys
import traceback
from typing import Any, Final

import structlog

_FRAMES: Final = 6
_MOST_WORDS: Final = 200
_URL: Final = re.compile(r"(?i)\b(\w[\w+.-]*://)(?:[^\s/?#@]*@)?([^\s/?#'\"<>]*)[^\s'\"<>]*")
_VALUE: Final = re.compile(r"[\n:'\"<({\[]")
"""Where a sentence that was put together before it was logged may go over to values."""
_PLAIN: Final = (bool, int, float, type(None))
_OF_WORDS: Final = "uvicorn"
"""Its loggers' arguments are addresses and sentences of its own."""


def configure_logs(level: str) -> None:
    """Set up structlog and the standard library's loggers at `level`; called once by the command line."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    marks: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*marks, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_without_values, *marks],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            use_get_message=False,
            pass_foreign_args=True,
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def frames_of(error: BaseException) -> list[str]:
    """Return where an error was raised, without values: its message may quote what was sent."""
    return [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    ]


def _without_values(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Put a library's record as its sentence, with an error's type and place; processor of structlog."""
    record: logging.LogRecord = event["_record"]
    given, found = event.pop("positional_args", None), event.pop("exc_info", None)
    event.pop("stack_info", None)
    event["logger"] = record.name
    event["event"] = _sentence(record, given)
    error = found[1] if isinstance(found, tuple) else None
    if error is not None:
        event.update(error=type(error).__name__, frames=frames_of(error))
    return event


def _sentence(record: logging.LogRecord, given: Any) -> str:
    own_words = record.name.partition(".")[0] == _OF_WORDS
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    if not given:
        words = record.msg if own_words else _VALUE.split(record.msg, maxsplit=1)[0]
    else:
        shown: Any = (
            {name: _shown(value, own_words=own_words) for name, value in given.items()}
            if isinstance(given, dict)
            else tuple(_shown(value, own_words=own_words) for value in given)
        )
        try:
            words = record.msg % shown
        except (TypeError, ValueError, KeyError):
            words = _VALUE.split(record.msg, maxsplit=1)[0]
    return _URL.sub(r"\1\2", words)[:_MOST_WORDS].strip()


def _shown(value: Any, *, own_words: bool) -> Any:
    if isinstance(value, _PLAIN) or (own_words and isinstance(value, str)):
        return value
    return type(value).__name__
