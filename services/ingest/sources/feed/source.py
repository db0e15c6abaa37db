"""Which version of each feed was read: what a conditional request shows."""

import asyncio
import functools
import hashlib
import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.ingest.brands.brand import Feed
from services.ingest.brands.brand_query import BrandQuery
from services.ingest.sources.base import Report, SourceError, SourceRefusedError
from services.ingest.sources.feed.entries import NoFeedError
from services.ingest.sources.feed.parser import CostlyFeedError, FeedParser
from services.ingest.sources.network.backlog import Backlog, BacklogSource
from services.ingest.sources.network.fetcher import Fetcher
from services.ingest.sources.network.reconnection import NetworkError, keep_connected
from services.ingest.sources.settings import FeedSettings
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.reach import InnerAddressError, InternetOnly

_MAX_MARK = 200
"""Characters of an ETag or a date that are kept; fifty feeds' fit a cursor."""


@dataclass(frozen=True)
class FeedVersion:
    """The marks of one version of a feed, as its server gave them; empty where it gave none."""

    etag: str = ""
    modified: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "FeedVersion":
        """Return the marks of an answer; one that is longer than 200 characters, or not printable, is none."""
        marks = (headers.get("etag", ""), headers.get("last-modified", ""))
        etag, modified = (mark if len(mark) <= _MAX_MARK and mark.isprintable() else "" for mark in marks)
        return cls(etag, modified)

    def conditions(self) -> dict[str, str]:
        """Return the headers that ask for another version alone."""
        named = {"if-none-match": self.etag, "if-modified-since": self.modified}
        return {name: mark for name, mark in named.items() if mark}


def to_cursor(versions: Mapping[str, FeedVersion]) -> str:
    """Return the cursor of versions by their feeds' addresses."""
    marks = {_name(url): [version.etag, version.modified] for url, version in versions.items()}
    return json.dumps(marks, separators=(",", ":"))


def from_cursor(cursor: str | None, urls: Iterable[str]) -> dict[str, FeedVersion]:
    """Return the versions in a cursor; whatever is none of ours counts as never read."""
    try:
        value = json.loads(cursor or "{}")
    except (ValueError, RecursionError):
        value = {}
    versions = {}
    for url in urls:
        marks = value.get(_name(url)) if isinstance(value, dict) else None
        if isinstance(marks, list) and all(isinstance(mark, str) and mark.isascii() for mark in marks):
            versions[url] = FeedVersion(*marks[:2])
    return versions


def _name(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


AT_ONCE: Final = 4
"""Feeds that are asked and read at the same time."""
_NOT_MODIFIED: Final = 304
_REFUSED: Final = (401, 403, 410)


class FeedSource(BacklogSource[FeedSettings]):
    """The entries of a brand's feeds; without a cursor it begins with what the feeds hold now.

    One dead feed delays no other, and what one holds harms no other. A feed does not tell of deletions, and an entry
    that changes is read once.
    """

    platform: Platform = "web"

    def __init__(
        self,
        settings: FeedSettings,
        query: BrandQuery,
        report: Report,
        clock: Clock,
        parser: FeedParser,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Keep what it is made of, as its base does; `parser` reads the feeds of all sources."""
        super().__init__(settings, query, report, clock, jitter)
        self._parser = parser

    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        if not self._query.feeds:
            raise SourceRefusedError("this brand names no feeds; add one to its feeds")
        urls = [feed.url for feed in self._query.feeds]
        fared = _Fared(self._report, len(urls), self._settings.feed_interval)
        transport = None if self._settings.feeds_lie_anywhere() else InternetOnly()
        async with Fetcher(self._clock, max_bytes=self._settings.feed_max_bytes, transport=transport) as fetcher:
            versions = from_cursor(cursor, urls)
            reading = _Reading(self._settings, self._query, self._clock, backlog, fetcher, self._parser, versions)
            async with asyncio.TaskGroup() as loops:
                for feed in self._query.feeds:
                    loops.create_task(self._follow(reading, feed, fared))
        # A loop ends where its feed refuses; the group ends with the last of them.
        raise SourceRefusedError(f"every feed refuses to be read, the last with: {fared.last}")

    async def _follow(self, reading: "_Reading", feed: Feed, fared: "_Fared") -> None:
        told = _OneFeed(fared, feed.url)
        try:
            await keep_connected(
                functools.partial(reading.rounds, feed, told),
                name=told.name,
                report=told,
                clock=self._clock,
                refusal=_refusal,
                jitter=self._jitter,
            )
        except SourceRefusedError as error:
            told.degraded(f"{told.name}: {error.detail}")


class _Reading:
    def __init__(
        self,
        settings: FeedSettings,
        query: BrandQuery,
        clock: Clock,
        backlog: Backlog,
        fetcher: Fetcher,
        parser: FeedParser,
        versions: dict[str, FeedVersion],
    ) -> None:
        self._settings = settings
        self._query = query
        self._clock = clock
        self._backlog = backlog
        self._fetcher = fetcher
        self._parser = parser
        self._versions = versions
        self._read: dict[str, set[str]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def rounds(self, feed: Feed, told: "_OneFeed") -> None:
        while True:
            try:
                async with self._turns:
                    await self._round(feed, told)
            except CostlyFeedError as error:
                told.degraded(f"{told.name}: {error}; trying again in {self._settings.feed_interval:g} s")
            else:
                told.listening("feeds")
            await self._clock.sleep(self._settings.feed_interval)

    async def _round(self, feed: Feed, report: Report) -> None:
        version = self._versions.get(feed.url, FeedVersion())
        try:
            answer = await self._fetcher.get(feed.url, headers=version.conditions())
        except InnerAddressError as error:
            raise SourceRefusedError(
                f"{error.host} is no address of the internet, and feeds are read from there alone; name another feed, "
                "or set FEED_PRIVATE_ADDRESSES=true"
            ) from None
        if answer.status == _NOT_MODIFIED:
            return
        content_type = answer.headers.get("content-type", "")
        try:
            entries = await self._parser.read(
                answer.body, content_type, feed.url, self._clock.now(), about_brand=feed.everything
            )
        except CostlyFeedError:
            raise
        except NoFeedError as error:
            raise NetworkError(str(error)) from None
        for reason, count in entries.dropped.items():
            report.dropped(reason, count)
        before, now = self._read.get(feed.url, set()), set()
        for post in entries.posts:
            now.add(post["post_id"])
            if post["post_id"] not in before and self._query.match(post).outcome != "drop":
                await self._backlog.put(post)
        self._read[feed.url] = now
        if entries.is_whole:
            self._versions[feed.url] = FeedVersion.of(answer.headers)
        self._backlog.reached(to_cursor(self._versions), at_once=True)


class _Fared:
    """How all feeds fare together: one report for many loops."""

    def __init__(self, report: Report, feeds: int, interval: float) -> None:
        self.report = report
        self._mode = f"{feeds} feed{'s' if feeds > 1 else ''}, each every {interval:g} s"
        self._troubles: dict[str, str] = {}
        self.last = ""

    def is_well(self, url: str) -> None:
        self._troubles.pop(url, None)
        self.report.listening(self._mode)
        if self._troubles:
            self.report.degraded(self._sentence())

    def is_not_well(self, url: str, sentence: str) -> None:
        self.last = self._troubles[url] = sentence
        self.report.degraded(self._sentence())

    def _sentence(self) -> str:
        more = len(self._troubles) - 1
        return self.last if not more else f"{self.last} (and {more} more of the feeds cannot be read)"


class _OneFeed(Report):
    """One feed's share of the report; it is named by its host, since an address may hold a key."""

    def __init__(self, fared: _Fared, url: str) -> None:
        self._fared = fared
        self._url = url
        self.name = f"the feed at {urlsplit(url).hostname}"

    def listening(self, mode: str) -> None:  # noqa: ARG002 - the mode is that of all
        self._fared.is_well(self._url)

    def degraded(self, sentence: str) -> None:
        self._fared.is_not_well(self._url, sentence)

    def reconnected(self) -> None:
        self._fared.report.reconnected()

    def dropped(self, reason: str, count: int = 1) -> None:
        self._fared.report.dropped(reason, count)


def _refusal(status: int) -> SourceError | None:
    if status not in _REFUSED:
        return None
    return SourceRefusedError(f"it answered {status}: it is gone, or wants a password, which feeds here cannot have")
