"""A platform's word that something is gone, after pseudonymising: what ingest hands to profiles."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from shared.analysis import Frozen
from shared.analyzed_post import Key
from shared.strict_body import StrictBody

REMOVALS_SCHEMA_VERSION = 1
MAX_REMOVALS = 1000
"""The most that one call carries."""

RemovalReason = Literal["deleted", "edited", "protected", "account deleted"]
_HOUR_SECONDS = 3600
_END = 32_503_680_000
"""The year 3000 in Unix seconds."""


class KeyedRemoval(StrictBody, frozen=True):
    """Either one post is gone (`post_key`), or everything of an author is (`author_key` and `through`).

    `through` is a full hour in UTC from 1970 to 2999: what the author published up to and in that hour is gone
    and stays gone, what is published later counts. So an account that is public again counts by its new posts alone.
    """

    post_key: Key | None = None
    author_key: Key | None = None
    through: AwareDatetime | None = None
    reason: RemovalReason

    @field_validator("through")
    @classmethod
    def _is_a_plain_hour(cls, through: datetime | None) -> datetime | None:
        if through is not None and _is_none_of_ours(through.timestamp()):
            raise ValueError("must be a full hour in UTC, from 1970 to 2999")
        return through

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.post_key is None) == (self.author_key is None):
            raise ValueError("give either post_key or author_key")
        if (self.author_key is None) != (self.through is None):
            raise ValueError("give `through` with author_key, and only then")
        return self


class RemovalDelivery(StrictBody):
    """Removals of one brand.

    `early` tells whether what is not known yet, a post or an author, is to be refused when it comes. A network that
    sends each removal after its post, in one row, needs no such mark, and would leave one for everybody.
    """

    schema_version: Literal[1]
    removals: Annotated[list[KeyedRemoval], Field(min_length=1, max_length=MAX_REMOVALS, fail_fast=True)]
    early: bool = True


class RemovalAnswer(Frozen):
    """What became of removals: posts taken out by them, and removals for which there was nothing to take out."""

    removed: Annotated[int, Field(ge=0)]
    unknown: Annotated[int, Field(ge=0)]


def _is_none_of_ours(seconds: float) -> bool:
    return bool(seconds % _HOUR_SECONDS) or not 0 <= seconds < _END
