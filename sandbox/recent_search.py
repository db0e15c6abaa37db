"""`GET /2/tweets/search/recent`."""

import base64
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from sandbox.post import PublishedPost, WantedFields
from sandbox.query import SearchSyntaxError, parse_query
from sandbox.timeline import KEPT, SETTLING, Timeline
from services.ingest.sources.x.cursor import first_id
from shared.clock import Clock

MOST: Final = 100
LEAST: Final = 10
_END_BEFORE_NOW: Final = timedelta(seconds=10)
_KNOWN: Final = frozenset(
    {"query", "max_results", "next_token", "pagination_token", "since_id", "until_id", "start_time", "end_time"}
    | {"sort_order", "expansions", "tweet.fields", "user.fields", "media.fields", "place.fields", "poll.fields"}
)


class ParameterError(ValueError):
    """A parameter that X would not take; X quotes it in its answer."""

    def __init__(self, parameter: str, value: str, message: str) -> None:
        """Keep what the answer quotes."""
        super().__init__(message)
        self.parameter, self.value, self.message = parameter, value, message


def search(timeline: Timeline, clock: Clock, query: Any, settling: timedelta = SETTLING) -> dict[str, Any]:
    """Return a page, newest first, as X writes it; raises ParameterError.

    As at X: posts of the last seven days; the last `settling` (30 s) only with an `end_time`, which lies 10 s
    back at least; `since_id` and `until_id` exclusive; `since_id` not older than the seven days.
    """
    for name in query:
        if name not in _KNOWN:
            raise ParameterError(name, query[name], f"The query parameter [{name}] is not one of the known parameters")
    try:
        test = parse_query(query.get("query", ""))
    except SearchSyntaxError as error:
        raise ParameterError(
            "query", query.get("query", ""), f"There were errors processing your request: {error}"
        ) from None
    now = clock.now()
    size = _number(query, "max_results", 10)
    if not LEAST <= size <= MOST:
        message = f"The `max_results` query parameter value [{size}] is not between {LEAST} and {MOST}"
        raise ParameterError("max_results", str(size), message)
    oldest, above = now - KEPT, _number(query, "since_id", 0)
    if above and above < first_id(oldest):
        message = f"'since_id' must be a tweet id created after [{oldest:%FT%RZ}]. Please use a larger 'since_id'"
        raise ParameterError("since_id", str(above), message)
    start = oldest if above else _moment(query, "start_time") or oldest
    if start < oldest:
        raise ParameterError("start_time", query["start_time"], f"'start_time' must be on or after {oldest:%FT%RZ}")
    end = _moment(query, "end_time") or now - settling
    if "end_time" in query and end > now - _END_BEFORE_NOW:
        raise ParameterError(
            "end_time", query["end_time"], "'end_time' must be a minimum of 10 seconds prior to the request"
        )
    below = _number(query, "until_id", 0) or None
    if token := query.get("next_token") or query.get("pagination_token"):
        below = _opened(token)
    shown = timeline.newest_first(above, below, first_id(start), first_id(end))
    page = list(islice((post for post in shown if test(post)), size + 1))
    return _page(timeline, page, size, WantedFields.asked(query))


def _page(timeline: Timeline, page: list[PublishedPost], size: int, wanted: WantedFields) -> dict[str, Any]:
    shown = page[:size]
    if not shown:
        return {"meta": {"result_count": 0}}
    timeline.found.update(post.id for post in shown)
    meta = {"newest_id": str(shown[0].id), "oldest_id": str(shown[-1].id), "result_count": len(shown)}
    if len(page) > size:
        meta["next_token"] = base64.b32encode(str(shown[-1].id).encode()).decode().lower().rstrip("=")
    return {"data": [post.written(wanted.post_fields) for post in shown], **wanted.includes(shown), "meta": meta}


def _opened(token: str) -> int:
    try:
        return int(base64.b32decode(token.upper() + "=" * (-len(token) % 8)))
    except ValueError:
        raise ParameterError(
            "next_token", token, f"The `next_token` query parameter value [{token}] is not valid"
        ) from None


def _number(query: Any, name: str, default: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdecimal() and len(value) <= 19):  # noqa: PLR2004 - digits of 63 bits
        raise ParameterError(name, value, f"The `{name}` query parameter value [{value}] is not valid")
    return int(value)


def _moment(query: Any, name: str) -> datetime | None:
    value = query.get(name)
    if value is None:
        return None
    try:
        return datetime.strptime(value.replace(".000", ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ParameterError(name, value, f"The `{name}` query parameter value [{value}] is not a valid time") from None
