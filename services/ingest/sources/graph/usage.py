"""How much of its allowance the Graph API says is used, told in headers with each answer."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

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
