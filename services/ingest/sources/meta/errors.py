"""What the Graph API means by its error codes, and by its headers on how much of an allowance is used."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from services.ingest.sources.base import SourceRefusedError


class GraphErrorKind(Enum):
    """What an error asks of its reader."""

    TOKEN = "token"  # noqa: S105 - the kind of error, no token
    """The token is expired, revoked or none at all: a person makes a new one."""
    PERMISSION = "permission"
    """The app or the token may not do this: a person grants it."""
    MISSING = "missing"
    """What was asked for is not there, or not for this token."""
    LIMIT = "limit"
    """Too much was asked lately: wait."""
    TOO_MUCH = "too much"
    """The answer would be too large: ask for less at a time."""
    BLOCKED = "blocked"
    """The account is blocked for a while for what it did."""
    PASSING = "passing"
    """Something on their side: ask again."""
    OTHER = "other"
    """A no that asking again does not change."""


_MEANINGS: Final[dict[int, GraphErrorKind]] = {
    **dict.fromkeys((102, 190, 2500), GraphErrorKind.TOKEN),
    **dict.fromkeys((3, 10, *range(200, 300)), GraphErrorKind.PERMISSION),
    **dict.fromkeys((4, 17, 32, 341, 613), GraphErrorKind.LIMIT),
    **dict.fromkeys(
        range(80_000, 80_015), GraphErrorKind.LIMIT
    ),  # of business use cases, one for each of Meta's products
    **dict.fromkeys((24, 803), GraphErrorKind.MISSING),
    368: GraphErrorKind.BLOCKED,
}
_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429


@dataclass(frozen=True)
class GraphError:
    """An error of the Graph API; `code` and `subcode` are its numbers, 0 where it gave none."""

    kind: GraphErrorKind
    code: int = 0
    subcode: int = 0

    @property
    def numbers(self) -> str:
        """Return the numbers for a sentence, e.g. "code 190, subcode 463"."""
        if not self.code:
            return "without a code"
        return f"code {self.code}" + (f", subcode {self.subcode}" if self.subcode else "")


class GraphRefusedError(SourceRefusedError):
    """The Graph API said no to one request; `fault` tells whether the thing is missing or the asking is not allowed."""

    def __init__(self, detail: str, fault: GraphError) -> None:
        """Keep what it said."""
        super().__init__(detail)
        self.fault = fault


def fault_of(status: int, value: Any) -> GraphError | None:
    """Return the error in an answer of `status` whose decoded body is `value`, None where it is an answer.

    A body that is no JSON object (a proxy's page) is a passing error unless the status says otherwise.
    Errors also come with status 200.
    """
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        if status == _TOO_MANY:
            return GraphError(GraphErrorKind.LIMIT)
        return None if isinstance(value, dict) and status < 300 else GraphError(GraphErrorKind.PASSING)  # noqa: PLR2004
    code, subcode = _number(error, "code"), _number(error, "error_subcode")
    return GraphError(_kind_of(status, code, subcode, error), code, subcode)


def _kind_of(status: int, code: int, subcode: int, error: Mapping[str, Any]) -> GraphErrorKind:
    if code in _MEANINGS:
        return _MEANINGS[code]
    if status == _TOO_MANY:
        return GraphErrorKind.LIMIT
    if (code, subcode) == (100, 33):
        return GraphErrorKind.MISSING
    if code == 1 and "reduce the amount" in str(error.get("message", "")).lower():
        return GraphErrorKind.TOO_MUCH
    if code in {1, 2} or error.get("is_transient") is True or status >= _SERVER_ERROR:
        return GraphErrorKind.PASSING
    return GraphErrorKind.OTHER


def _number(error: Mapping[str, Any], name: str) -> int:
    value = error.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


NEARLY: Final = 90.0
"""Percent of an allowance past which nothing more is asked for a while."""
PAUSE_SECONDS: Final = 300.0
"""The pause where the API names none. Allowances are counted over a sliding hour."""
MOST_SECONDS: Final = 3600.0
_FIGURES: Final = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")
_HEADERS: Final = ("x-app-usage", "x-page-usage", "x-business-use-case-usage", "x-ad-account-usage")


def asked_pause(headers: Mapping[str, str]) -> float:
    """Return the seconds to ask nothing after an answer with these headers, 0 to MOST_SECONDS.

    Reads `X-App-Usage`, `X-Page-Usage`, and `X-Business-Use-Case-Usage`, whose
    `estimated_time_to_regain_access` (minutes) goes before our own pause. Nonsense counts as nothing.
    """
    pause = 0.0
    for name in _HEADERS:
        for usage in _usages(headers.get(name, "")):
            regained = _figure(usage, "estimated_time_to_regain_access") * 60
            used = max(_figure(usage, figure) for figure in _FIGURES)
            pause = max(pause, regained, PAUSE_SECONDS if used >= NEARLY else 0.0)
    return min(pause, MOST_SECONDS)


def _usages(words: str) -> Iterator[dict[str, Any]]:
    """Yield the objects with figures: the value itself, or for business use cases those in lists by account."""
    try:
        value = json.loads(words)
    except (ValueError, RecursionError):
        return
    if not isinstance(value, dict):
        return
    yield value
    for inner in value.values():
        if isinstance(inner, list):
            yield from (usage for usage in inner if isinstance(usage, dict))


def _figure(usage: Mapping[str, Any], name: str) -> float:
    value = usage.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return min(max(float(value), 0.0), 1e6) if value == value else 0.0  # noqa: PLR0124 - NaN differs from itself
