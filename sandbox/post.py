"""A post as the sandbox keeps it, and as X's v2 endpoints write it."""

import html
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

POST_DEFAULTS: Final = frozenset({"id", "text", "edit_history_tweet_ids"})
USER_DEFAULTS: Final = frozenset({"id", "name", "username"})


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """An account: figures are counts, `created_at` has a zone."""

    id: str
    username: str
    name: str = ""
    followers: int = 0
    following: int = 0
    posts: int = 0
    listed: int = 0
    verified: bool = False
    protected: bool = False
    created_at: datetime | None = None

    def written(self, fields: Collection[str]) -> dict[str, Any]:
        """Return the account as X writes it, with X's default fields and those asked for."""
        whole = {
            "id": self.id,
            "name": self.name or self.username,
            "username": self.username,
            "verified": self.verified,
            "protected": self.protected,
            "public_metrics": {
                "followers_count": self.followers,
                "following_count": self.following,
                "tweet_count": self.posts,
                "listed_count": self.listed,
            },
        }
        if self.created_at is not None:
            whole["created_at"] = stamp(self.created_at)
        return {name: value for name, value in whole.items() if name in USER_DEFAULTS or name in fields}


@dataclass(frozen=True, slots=True)
class PublishedPost:
    """A published post; `is_searchable` False stands for one that search never indexes."""

    id: int
    text: str
    author: SandboxAccount
    created_at: datetime
    language: str = "und"
    likes: int = 0
    reposts: int = 0
    replies: int = 0
    is_repost: bool = False
    in_reply_to: str | None = None
    is_searchable: bool = True
    extra: dict[str, Any] = field(default_factory=dict)
    """Further fields of `data`, written whatever was asked for: what a future X may send."""

    def written(self, fields: Collection[str]) -> dict[str, Any]:
        """Return the post's `data` as X writes it, with X's default fields and those asked for."""
        number = str(self.id)
        whole: dict[str, Any] = {
            "id": number,
            "text": html.escape(self.text, quote=False),
            "edit_history_tweet_ids": [number],
            "author_id": self.author.id,
            "conversation_id": self.in_reply_to or number,
            "created_at": stamp(self.created_at),
            "lang": self.language,
            "public_metrics": {
                "retweet_count": self.reposts,
                "reply_count": self.replies,
                "like_count": self.likes,
                "quote_count": 0,
            },
        }
        referenced = []
        if self.is_repost:
            referenced.append({"type": "retweeted", "id": str(self.id - 1)})
        if self.in_reply_to is not None:
            referenced.append({"type": "replied_to", "id": self.in_reply_to})
        if referenced:
            whole["referenced_tweets"] = referenced
        return {name: value for name, value in whole.items() if name in POST_DEFAULTS or name in fields} | self.extra


@dataclass(frozen=True)
class WantedFields:
    """What a request asks for of each post: without it, X sends id and text alone."""

    post_fields: frozenset[str]
    user_fields: frozenset[str]
    with_authors: bool

    @classmethod
    def asked(cls, query: Any) -> "WantedFields":
        """Read a request's `tweet.fields`, `user.fields` and `expansions`."""

        def listed(name: str) -> frozenset[str]:
            return frozenset(query.get(name, "").split(",")) - {""}

        return cls(listed("tweet.fields"), listed("user.fields"), "author_id" in listed("expansions"))

    def includes(self, posts: Collection[PublishedPost]) -> dict[str, Any]:
        """Return the `includes` of an answer: each author once."""
        if not self.with_authors or not posts:
            return {}
        authors = {post.author.id: post.author for post in posts}
        return {"includes": {"users": [author.written(self.user_fields) for author in authors.values()]}}


def stamp(moment: datetime) -> str:
    """Return a time as X writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
