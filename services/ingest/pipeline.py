"""The way of a batch of posts: checked, cleaned, pseudonymised, analysed, folded; only then acknowledged."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.ingest.brands.own_accounts import OwnAccounts
from services.ingest.coarsening import age_in_months, coarse_count, full_hour
from services.ingest.identity import Pseudonymizer
from services.ingest.observer import ObservedPost, Observer
from services.ingest.post import MAX_TEXT, Author, Post, parse_post
from services.ingest.sources.fields import UNKNOWN_AUTHOR
from shared.analysis import Analysis
from shared.analyzed_post import Account, AnalyzedPost
from shared.errors import OverloadedError
from shared.profiles_peer import ProfilesPeer
from shared.sentiment_peer import SentimentPeer
from shared.text import clean

RETRY_AFTER = 2
DELIVERY_SECONDS = 55.0
"""For a whole batch: less than the 60 s that the command line waits for an answer."""

FEATURES = ("sentiment", "subjectivity", "language", "entities", "category", "emotion", "embedding")
"""What is asked of each text; a feature that the model lacks comes back empty."""
FOLD_BATCH = 500
"""Posts a call to profiles: with embeddings of a thousand numbers they are half of the largest body."""
_DIGITS = 4
"""Of an embedding's numbers on the way to profiles, which keeps about two."""


class DeadlinePassedError(Exception):
    """A batch was not folded in time: the cause of an OverloadedError that fewer posts at a time may well escape."""


class Rejection(BaseModel):
    """A post that was not taken, by its place in the request; `reason` names the field."""

    index: int
    reason: str


class Receipt(BaseModel):
    """What became of a batch; the three counts add up to its length. Accepted means durable.

    That is folded, or dropped because its author was erased.
    """

    accepted: int
    duplicates: int
    rejected: list[Rejection]


@dataclass(frozen=True, repr=False)
class _Prepared:
    """A post ready to be analysed; `fields` are what leaves the service, `post` with its raw ids does not."""

    text: str
    language: str | None
    fields: dict[str, Any]
    post: Post


@dataclass
class PostPipeline:
    """Delivers batches to the peers; at most `max_posts_in_flight` posts are worked on at once."""

    pseudonymizer: Pseudonymizer
    sentiment: SentimentPeer
    profiles: ProfilesPeer
    now: Callable[[], datetime]
    timed: Callable[[str], AbstractContextManager[None]]
    analyze_batch: int = 128
    max_posts_in_flight: int = 8000
    observer: Observer | None = None
    erased: Callable[[Sequence[str]], Awaitable[set[str]]] | None = None
    """Which of some author keys belong to authors who were erased: their posts are dropped unread."""
    own_accounts: Callable[[str], Awaitable[OwnAccounts]] | None = None
    """A brand's own accounts: what they publish is its own voice, whatever the post says of that."""
    in_flight: int = field(default=0, init=False)

    async def deliver(self, brand: str, items: Sequence[Any]) -> Receipt:
        """Fold the posts in `items` (decoded JSON values) into the brand's profiles.

        A bad item is rejected alone. Raises OverloadedError past the bound or (with a DeadlinePassedError as its
        `__cause__`) the batch's deadline, PeerUnavailableError where a peer is away, PeerRefusedError where one
        answers nonsense; then nothing is acknowledged and the whole batch may be sent again.
        """
        if self.in_flight + len(items) > self.max_posts_in_flight:
            raise OverloadedError("too many posts are being worked on; send this batch again", RETRY_AFTER)
        self.in_flight += len(items)
        try:
            async with asyncio.timeout(DELIVERY_SECONDS):
                return await self._carry(brand, items)
        except TimeoutError:
            raise OverloadedError(
                f"this batch was not folded within {DELIVERY_SECONDS:g} s; send it again, or fewer posts at a time",
                RETRY_AFTER,
            ) from DeadlinePassedError()
        finally:
            self.in_flight -= len(items)

    async def _carry(self, brand: str, items: Sequence[Any]) -> Receipt:
        with self.timed("prepare"):
            own = await self.own_accounts(brand) if self.own_accounts is not None else OwnAccounts({})
            prepared, rejected = await asyncio.to_thread(self._prepare, items, own)
        with self.timed("look up"):
            kept = await self._not_erased(prepared)
            fresh = await self._not_counted(brand, kept)
        with self.timed("analyze"):
            analyses, version = await self._analyze(fresh)
        if self.observer is not None and fresh:
            seen = [ObservedPost(one.post, one.text, analysis) for one, analysis in zip(fresh, analyses, strict=True)]
            with self.timed("observe"):
                await self.observer.observe(brand, seen)
        with self.timed("fold"):
            folded = await self._fold(brand, fresh, analyses, version)
            dropped = _keys_of(prepared) - _keys_of(kept)
            if folded < len(_keys_of(fresh)):
                dropped |= _keys_of(await self._not_counted(brand, fresh))
        accepted = folded + len(dropped)
        return Receipt(accepted=accepted, duplicates=len(prepared) - accepted, rejected=rejected)

    def _prepare(self, items: Sequence[Any], own: OwnAccounts) -> tuple[list[_Prepared], list[Rejection]]:
        now = self.now()
        prepared, rejected = [], []
        for index, item in enumerate(items):
            post = parse_post(item, now)
            if isinstance(post, str):
                rejected.append(Rejection(index=index, reason=post))
            else:
                prepared.append(self._pseudonymised(_voiced(post, own)))
        return prepared, rejected

    def _pseudonymised(self, post: Post) -> _Prepared:
        fields = {
            "post_key": self.pseudonymizer.post_key(post.platform, post.post_id),
            "author_key": self.pseudonymizer.author_key(post.platform, post.author.id),
            "key_version": self.pseudonymizer.version,
            "platform": post.platform,
            "hour": full_hour(post.created_at),
            "account": _account(post.author, post.created_at),
            "likes": coarse_count(post.likes),
            "reposts": coarse_count(post.reposts),
            "replies": coarse_count(post.replies),
            "is_repost": post.is_repost,
            "is_reply": post.in_reply_to is not None,
            "voice": post.voice,
            "author_is_unknown": post.author.id == UNKNOWN_AUTHOR,
        }
        return _Prepared(clean(post.text)[:MAX_TEXT], post.language, fields, post)

    async def _not_erased(self, prepared: Sequence[_Prepared]) -> Sequence[_Prepared]:
        """Leave out the posts of erased authors; as if they were accepted, since no answer tells who was erased."""
        if self.erased is None or not prepared:
            return prepared
        erased = await self.erased(list({post.fields["author_key"] for post in prepared}))
        return [post for post in prepared if post.fields["author_key"] not in erased]

    async def _not_counted(self, brand: str, prepared: Sequence[_Prepared]) -> list[_Prepared]:
        """Return the posts that profiles has not counted: the model need not read the others again.

        After a fold those are the posts of authors whom profiles knows to be erased.
        """
        if not prepared:
            return []
        counted = await self.profiles.counted(brand, [post.fields["post_key"] for post in prepared])
        return [post for post in prepared if post.fields["post_key"] not in counted]

    async def _analyze(self, prepared: Sequence[_Prepared]) -> tuple[list[Analysis], str | None]:
        """Return an analysis for each post, and the version of their embeddings, None where they have none.

        While a new model is rolled out two replicas may answer in turn; then nothing tells whose an embedding is.
        """
        analyses: list[Analysis] = []
        versions: set[str | None] = set()
        for start in range(0, len(prepared), self.analyze_batch):
            batch = prepared[start : start + self.analyze_batch]
            texts, hints = [post.text for post in batch], [post.language for post in batch]
            found = await self.sentiment.analyze(texts, FEATURES, languages=hints)
            analyses += found.results
            versions.add(found.embedding_version)
        return analyses, versions.pop() if len(versions) == 1 else None

    async def _fold(
        self, brand: str, prepared: Sequence[_Prepared], analyses: Sequence[Analysis], version: str | None
    ) -> int:
        """Return how many posts were folded; the others had been before."""
        folded = 0
        for start in range(0, len(prepared), FOLD_BATCH):
            batch = slice(start, start + FOLD_BATCH)
            posts = await asyncio.to_thread(_analyzed_posts, prepared[batch], analyses[batch], version)
            folded += await self.profiles.fold(brand, posts)
        return folded


def _keys_of(posts: Sequence[_Prepared]) -> set[str]:
    return {post.fields["post_key"] for post in posts}


def _analyzed_posts(
    prepared: Sequence[_Prepared], analyses: Sequence[Analysis], version: str | None
) -> list[AnalyzedPost]:
    return [_analyzed(post, analysis, version) for post, analysis in zip(prepared, analyses, strict=True)]


def _analyzed(post: _Prepared, analysis: Analysis, version: str | None) -> AnalyzedPost:
    if analysis.embedding is None or version is None:
        return AnalyzedPost(**post.fields, text=post.text, analysis=analysis.model_copy(update={"embedding": None}))
    short = [round(number, _DIGITS) for number in analysis.embedding]
    return AnalyzedPost(
        **post.fields,
        text=post.text,
        analysis=analysis.model_copy(update={"embedding": short}),
        embedding_version=version,
    )


def _voiced(post: Post, own: OwnAccounts) -> Post:
    if post.voice == "internal" or not own.hold(post.platform, post.author.id, post.author.handle):
        return post
    return post.model_copy(update={"voice": "internal"})


def _account(author: Author, as_of: datetime) -> Account:
    return Account(
        followers=coarse_count(author.followers),
        following=coarse_count(author.following),
        posts=coarse_count(author.posts),
        listed=coarse_count(author.listed),
        verified=author.verified,
        protected=author.protected,
        age_months=age_in_months(author.created_at, as_of),
    )
