"""What may be asked of a source beside its brand's rules."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, model_validator

EARLIEST, LATEST = 1990, 2999


def _text(value: object) -> object:
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("must be an RFC 3339 time such as 2026-01-31T12:00:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    if not EARLIEST <= value.year <= LATEST:
        raise ValueError(f"must lie between {EARLIEST} and {LATEST}")
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_in_utc)]
"""A time with a zone, kept in UTC: the same moment is the same question, however it is written."""


class Nothing(BaseModel):
    """The brand says it all. Unknown names are refused: a misspelt one would be ignored in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Since(Nothing):
    """From `since` (with a zone) until now; None is as far back as the network gives."""

    since: Moment | None = None


class Window(Since):
    """From `since` to `until`, which both have zones; None is as far as the network gives, and now."""

    until: Moment | None = None

    @model_validator(mode="after")
    def _lies_forward(self) -> Self:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("until must lie after since")
        return self
