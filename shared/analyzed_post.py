"""A post after pseudonymising and analysis: what ingest hands to profiles."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from shared.analysis import Analysis, Frozen

SCHEMA_VERSION = 1

Platform = Literal["x", "instagram", "facebook", "bluesky", "mastodon", "web"]
Voice = Literal["external", "internal"]
"""Who speaks: people, or the brand itself."""
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The first 32 hex digits of a keyed HMAC-SHA256."""
MAX_TEXT = 10_000
"""Characters of a cleaned text."""
Count = Annotated[int, Field(ge=0, le=10**12)]


class Account(Frozen):
    """An author's account as of the post: figures to two significant digits, age to whole months; None is unknown."""

    followers: Count | None = None
    following: Count | None = None
    posts: Count | None = None
    listed: Count | None = None
    verified: bool | None = None
    protected: bool | None = None
    age_months: Annotated[int, Field(ge=0, le=1200)] | None = None


class AnalyzedPost(Frozen):
    """One post, keyed by `post_key`; no raw id and no name.

    `hour` is the time of publication cut to the full hour, in UTC. `key_version` names the pseudonym
    key that made both keys. `text` is cleaned: without mentions, links, addresses and numbers.
    `embedding_version` names the model that made `analysis.embedding`; neither is there without the other.
    `author_is_unknown` marks a post whose author the network does not tell: one key a platform stands for all of them.
    """

    post_key: Key
    author_key: Key
    key_version: Annotated[int, Field(ge=1, le=10**6)] = 1
    platform: Platform
    hour: AwareDatetime
    analysis: Analysis
    account: Account = Account()
    likes: Count = 0
    reposts: Count = 0
    replies: Count = 0
    is_repost: bool = False
    is_reply: bool = False
    voice: Voice = "external"
    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    embedding_version: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    author_is_unknown: bool = False

    @field_validator("hour")
    @classmethod
    def _is_a_full_hour(cls, hour: datetime) -> datetime:
        if (hour.minute, hour.second, hour.microsecond) != (0, 0, 0):
            raise ValueError("must be cut to the full hour")
        return hour

    @model_validator(mode="after")
    def _knows_its_embedding(self) -> Self:
        if (self.embedding_version is None) != (self.analysis.embedding is None):
            raise ValueError("give embedding_version with analysis.embedding, and only then")
        return self
