"""Hashtag timelines of a Mastodon server, asked every minute; most servers want no token for that."""

import functools
from typing import Final

from services.ingest.sources.base import RefusedError
from services.ingest.sources.mastodon.reading import Reading
from services.ingest.sources.mastodon.settings import MastodonSettings
from services.ingest.sources.mastodon.status import server_of
from services.ingest.sources.mastodon.timeline import Timelines, refusal
from services.ingest.sources.network.backlog import Backlog
from services.ingest.sources.network.fetching import Fetcher
from services.ingest.sources.network.session import hold
from services.ingest.sources.network.source import BacklogSource
from shared.analyzed_post import Platform

ROUND_SECONDS: Final = 60.0
SECONDS_A_TAG: Final = 2.0
"""A server allows 300 requests in 5 minutes: of many hashtags each is asked more rarely."""


class MastodonHashtags(BacklogSource[MastodonSettings]):
    """The posts under the query's hashtags, as far as the server knows them. It does not tell of deletions."""

    platform: Platform = "mastodon"

    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        names = [f"#{tag}" for tag in self._query.hashtags]
        if not names:
            raise RefusedError("this brand has no hashtag to ask Mastodon for; add one to its hashtags")
        url, token = self._settings.mastodon_url, self._settings.mastodon_token()
        reading = Reading(self._query, server_of(url), self._report, self._clock, backlog, cursor)
        async with Fetcher(self._clock) as fetcher:
            timelines = Timelines(fetcher, url, token, self._clock)
            await hold(
                functools.partial(self._rounds, timelines, reading, names),
                name="Mastodon's hashtag timelines",
                report=self._report,
                clock=self._clock,
                refusal=refusal,
                jitter=self._jitter,
            )

    async def _rounds(self, timelines: Timelines, reading: Reading, names: list[str]) -> None:
        seconds = max(ROUND_SECONDS, SECONDS_A_TAG * len(names))
        for name in names:
            await reading.begin(timelines, name)
        while True:
            for name in names:
                await reading.catch_up(timelines, name)
            reading.told()
            self._report.listening(f"{len(names)} hashtag timelines, every {seconds:g} s")
            await self._clock.sleep(seconds)
