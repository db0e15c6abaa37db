"""A post as clients send it, with raw ids: never leaves this service, never appears in a log."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)

from services.ingest.raw_id import plain_id
from shared.absence import is_missing
from shared.analyzed_post import Platform, Voice

MAX_TEXT = 10_000
MAX_ID = 512
NAURUAN = "na"
"""In capitals it is how R writes a missing value, and no platform writes a code of two letters so."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)


def _plain(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not hold a NUL character")
    return value


def _not_blank(value: str) -> str:
    if not any(character.isprintable() and not character.isspace() for character in value):
        raise ValueError("must not be blank")
    return value


def _text_of_time(value: object) -> object:
    if not isinstance(value, str) or value.lstrip("+-").replace(".", "").isdigit():
        raise ValueError("must be an RFC 3339 time such as 2026-01-31T12:00:00Z")
    return value


def _readable(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_ID else None


def _plausible(value: datetime, info: ValidationInfo) -> datetime:
    now: datetime = (info.context or {}).get("now") or datetime.now(UTC)
    if value < EARLIEST:
        raise ValueError(f"must not lie before {EARLIEST.year}")
    if value > now + AHEAD:
        raise ValueError("must not lie in the future")
    return value


def _hint(value: object) -> object:
    """Return the code of a language tag, None for words that are no tag: a hint is never a reason to refuse a post."""
    if not isinstance(value, str):
        return value
    found = _LANGUAGE_TAG.fullmatch(value.strip())
    return None if found is None or (is_missing(value) and found[0] != NAURUAN) else found[1].lower()


def _present(value: object) -> object:
    return None if isinstance(value, str) and is_missing(value) else value


_Words = Annotated[str, Field(strict=True, min_length=1), AfterValidator(_plain), AfterValidator(_not_blank)]
_LANGUAGE_TAG = re.compile(r"([A-Za-z]{2,3})([-_][A-Za-z0-9]{1,8})*")
Identifier = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=MAX_ID),
    AfterValidator(_plain),
    AfterValidator(plain_id),
    AfterValidator(_not_blank),
]
"""An id in its one spelling: see `plain_id`."""
Figure = Annotated[int, Field(strict=True, ge=0, le=10**12)]
Flag = Annotated[bool, Field(strict=True)]
Handle = Annotated[str | None, BeforeValidator(_readable)]
"""Without meaning where it is no name: it is only compared with the brand's own accounts."""
Moment = Annotated[AwareDatetime, BeforeValidator(_text_of_time), AfterValidator(_plausible)]


class Author(BaseModel):
    """The account that published; only `id` is required. `handle` tells the brand's own accounts alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Identifier
    handle: Handle = None
    followers: Figure | None = None
    following: Figure | None = None
    posts: Figure | None = None
    listed: Figure | None = None
    verified: Flag | None = None
    protected: Flag | None = None
    created_at: Moment | None = None


class Post(BaseModel):
    """One publication, identified by `(platform, post_id)`; `voice` is internal where the brand itself published it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    platform: Platform
    post_id: Identifier
    author: Author
    text: Annotated[_Words, Field(max_length=MAX_TEXT)]
    created_at: Moment
    language: Annotated[Annotated[str, Field(strict=True)] | None, BeforeValidator(_hint)] = None
    likes: Figure = 0
    reposts: Figure = 0
    replies: Figure = 0
    is_repost: Flag = False
    in_reply_to: Annotated[Identifier | None, BeforeValidator(_present)] = None
    voice: Voice = "external"


_POST = TypeAdapter(Post)

_WHOLE_NUMBER = "must be a whole number in digits, such as 1234"
_SAID = {
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "too_long": f"must have {MAX_TEXT:,} characters at most",
    "string_unicode": "must not hold half of a surrogate pair",
}
"""What is said of the faults of which the library's own words name no remedy."""


def parse_post(item: Any, now: datetime) -> Post | str:
    """Return the post in a decoded JSON value, or the reason why it is none.

    The reason names each wrong field and what it should be; it never quotes a value.
    """
    try:
        return _POST.validate_python(item, context={"now": now})
    except ValidationError as error:
        return "; ".join(_sentence(item) for item in error.errors(include_url=False, include_input=False)[:5])


def _sentence(error: Any) -> str:
    field = ".".join(str(part) for part in error["loc"] if not str(part).startswith("function-"))
    message = _SAID.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return f"{field or 'post'}: {message}"
