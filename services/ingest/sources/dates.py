"""Common forms of dates in exported files."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_FORMS = (
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S.%f %z",
    "%a %b %d %H:%M:%S %z %Y",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%d %H:%M:%S GMT",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d %b %Y %H:%M:%S",
    "%d %B %Y %H:%M:%S",
    "%b %d, %Y %H:%M:%S",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
)


def parse_date(words: str) -> datetime | None:
    """Return the time that `words` say, None where they say none; without a zone it is UTC.

    ISO 8601 and RFC 3339 in their variants, RFC 2822, X's `Tue Feb 24 11:35:52 +0000 2015`, and forms
    with the year first or the month in letters. `02/03/2015` is not among them: it is the second of
    March to some and the third of February to others.
    """
    text = words.strip()
    for parse in (datetime.fromisoformat, *(_by(form) for form in _FORMS), parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _by(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007 - zoned by the caller
