"""The sample's posts: who writes what and when, how far it reaches, who replies and who passes it on."""

import gzip
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.ingest.sample.authors import Author, made_up_id, make_authors
from services.ingest.sample.dice import Dice
from services.ingest.sample.moments import author_moments
from services.ingest.sample.texts import LIMITS, Texts

SEED: Final = 2026
REPOSTS: Final = 90
_LANGUAGE_STATED: Final = 0.06
_REPOSTED_KINDS: Final = ("news", "spotter")
_REPOSTING_KINDS: Final = ("flyer", "spotter", "holiday", "asker", "news")
_ANSWERED_KINDS: Final = ("news", "stranded")
_REPLY_WINDOW: Final = timedelta(hours=30)


@dataclass
class Draft:
    """A post in the making; counts rise as others repost it and reply to it."""

    post_id: str
    author: Author
    text: str
    created_at: datetime
    language: str | None
    likes: int = 0
    reposts: int = 0
    replies: int = 0
    is_repost: bool = False
    in_reply_to: str | None = None


def make_posts(seed: int = SEED) -> list[dict[str, Any]]:
    """Return the sample's posts in the form of `POST /v1/posts`, oldest first."""
    dice = Dice(seed)
    authors = make_authors(dice)
    drafts = _originals(authors, dice)
    drafts += _passed_on(drafts, authors, dice)
    drafts.sort(key=lambda draft: (draft.created_at, draft.post_id))
    _link_replies(drafts, dice)
    written: defaultdict[str, int] = defaultdict(int)
    posts: list[dict[str, Any]] = []
    for draft in drafts:
        written[draft.author.id] += 1
        posts.append(_post(draft, written[draft.author.id]))
    return posts


def encode(posts: list[dict[str, Any]]) -> bytes:
    """Return `posts` as JSON Lines in UTF-8."""
    return "".join(json.dumps(post, ensure_ascii=False) + "\n" for post in posts).encode()


def compress(lines: bytes) -> bytes:
    """Return `lines` gzipped without a time stamp, so that the same lines give the same file."""
    return gzip.compress(lines, compresslevel=9, mtime=0)


def _originals(authors: list[Author], dice: Dice) -> list[Draft]:
    texts = Texts(dice)
    drafts: list[Draft] = []
    for author in authors:
        moments = author_moments(author.kind, dice.whole(*author.kind.posts), dice)
        for number, moment in enumerate(moments):
            text, language = texts.write(author, moment)
            likes = _reach(author, dice)
            drafts.append(
                Draft(
                    post_id=made_up_id("post", author.id, number),
                    author=author,
                    text=text,
                    created_at=moment,
                    language=language if dice.chance(_LANGUAGE_STATED) else None,
                    likes=likes,
                    reposts=int(likes * dice.heavy(0.35 if author.kind.name == "news" else 0.1, 0.7)),
                    replies=int(likes * dice.heavy(0.12, 0.8) + (1 if dice.chance(0.3) else 0)),
                )
            )
    return drafts


def _reach(author: Author, dice: Dice) -> int:
    """Return how many like a post: more where more follow, by the square root, and heavy-tailed."""
    median, sigma = author.kind.likes
    usual = author.kind.followers[0]
    return int(dice.heavy(median * ((author.followers + 1) / usual) ** 0.5, sigma))


def _passed_on(originals: list[Draft], authors: list[Author], dice: Dice) -> list[Draft]:
    sources = [draft for draft in originals if draft.author.kind.name in _REPOSTED_KINDS]
    weights = [(draft, draft.likes + 1.0) for draft in sources]
    reposts: dict[str, Draft] = {}
    while len(reposts) < REPOSTS:
        source = dice.weighted(weights)
        candidates = [
            author
            for author in authors
            if author.platform == source.author.platform
            and author.kind.name in _REPOSTING_KINDS
            and author.language == source.author.language
            and author.id != source.author.id
        ]
        if not candidates:
            continue
        author = dice.pick(candidates)
        post_id = made_up_id("repost", author.id, source.post_id)
        if post_id not in reposts:
            source.reposts += 1
            reposts[post_id] = Draft(
                post_id=post_id,
                author=author,
                text=_repost_text(source),
                created_at=source.created_at + timedelta(seconds=int(dice.heavy(5400, 1.0)) + 20),
                language=None,
                is_repost=True,
            )
    return list(reposts.values())


def _repost_text(source: Draft) -> str:
    quoted = f"RT @{source.author.handle}: {source.text}"
    return quoted if source.author.platform == "x" and len(quoted) <= LIMITS["x"] else source.text


def _link_replies(drafts: list[Draft], dice: Dice) -> None:
    """Make some posts replies to a recent one on their platform; `drafts` stand in order of time."""
    recent: defaultdict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        answerable = [
            earlier
            for earlier in recent[draft.author.platform][-12:]
            if draft.created_at - earlier.created_at <= _REPLY_WINDOW and earlier.author.id != draft.author.id
        ]
        if answerable and not draft.is_repost and dice.chance(draft.author.kind.replying):
            answered = dice.pick(answerable)
            answered.replies += 1
            draft.in_reply_to = answered.post_id
        elif draft.author.kind.name in _ANSWERED_KINDS and not draft.is_repost:
            recent[draft.author.platform].append(draft)


def _post(draft: Draft, written: int) -> dict[str, Any]:
    """Return the post's form on the wire; `written` counts the author's posts in the sample up to this one."""
    author = draft.author
    post: dict[str, Any] = {
        "platform": author.platform,
        "post_id": draft.post_id,
        "author": {
            "id": author.id,
            "followers": author.followers,
            "following": author.following,
            "posts": author.history + written,
            "listed": author.listed,
            "verified": author.verified,
            "protected": author.protected,
            "created_at": _rfc3339(author.created_at),
        },
        "text": draft.text,
        "created_at": _rfc3339(draft.created_at),
        "likes": draft.likes,
        "reposts": draft.reposts,
        "replies": draft.replies,
        "is_repost": draft.is_repost,
        "in_reply_to": draft.in_reply_to,
    }
    if draft.language is not None:
        post["language"] = draft.language
    return post


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
