"""A post that may be answered, on its way through the questions that are asked of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.ingest.identity import Pseudonymizer
from services.ingest.observer import ObservedPost
from services.ingest.post import Post
from services.ingest.replies.reply_rule import ReplyRule, Traits
from services.ingest.sources.fields import UNKNOWN_AUTHOR

_UNTOLD_ON: Final = ("facebook", "instagram", "x")


@dataclass(frozen=True, repr=False)
class ReplyCandidate:
    """A post that some rules fit. `reply` and `author` are keys of replies alone."""

    seen: ObservedPost
    reply: str
    author: str
    rules: tuple[ReplyRule, ...]


def reply_key(pseudonymizer: Pseudonymizer, platform: str, post_id: str) -> str:
    """Return the id of the reply to a post, and the key by which a post of ours is known again: the same."""
    return pseudonymizer.own_key("reply", platform, post_id)


def author_key(pseudonymizer: Pseudonymizer, platform: str, author_id: str) -> str:
    """Return the key by which replies know an author; it is another than the profile's."""
    return pseudonymizer.own_key("reply author", platform, author_id)


def traits(seen: ObservedPost) -> Traits:
    """Return what rules look at; a score in a language that the model does not know is none."""
    sentiment, language = seen.analysis.sentiment, seen.analysis.language
    return Traits(
        platform=seen.post.platform,
        score=sentiment.score if sentiment is not None and seen.analysis.supported_language else None,
        language=language.code if language is not None else seen.post.language,
        followers=seen.post.author.followers,
    )


def may_be_answered(seen: ObservedPost, now: datetime, oldest: timedelta) -> bool:
    """Tell whether a post may be answered: no repost, not of the brand, not protected, not too old.

    Nor a post whose author the platform does not tell: the brand may have written it, or an author who opted out.
    """
    post = seen.post
    fresh = now - oldest <= post.created_at
    known = post.voice != "internal" and not _is_untold(post)
    return fresh and known and not post.is_repost and not post.author.protected


def _is_untold(post: Post) -> bool:
    return post.platform in _UNTOLD_ON and post.author.id == UNKNOWN_AUTHOR
