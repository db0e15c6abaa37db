"""Products get their embeddings from the sentiment service: at once where they are few, else beside the requests."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

import numpy as np
import structlog

from services.clusters.catalog.catalog_store import CatalogHead, CatalogStore, Offer, Vector
from shared.errors import PeerRefusedError
from shared.rounds import Round
from shared.sentiment_peer import SentimentPeer

log = structlog.get_logger(__name__)

BATCH: Final = 100
AT_ONCE_SECONDS: Final = 15.0
"""So long a caller waits for the embeddings of what it sent; what is left then is made beside the requests."""
EVERY: Final = timedelta(seconds=30)
LASTING: Final = timedelta(minutes=10)


class CatalogEmbedding:
    """Embeds the products that have no embedding yet; made again after a crash it goes on where that one ended."""

    def __init__(self, store: CatalogStore, sentiment: SentimentPeer) -> None:
        """Read products from `store` and write their embeddings there."""
        self._store = store
        self._sentiment = sentiment

    def round(self) -> Round:
        """Return the work that one replica does for all: whatever catalogue is not complete."""
        return Round("catalogs", self._embed_all, EVERY, EVERY, LASTING, EVERY.total_seconds())

    async def embed_at_once(self, head: CatalogHead) -> CatalogHead:
        """Embed for up to 15 seconds and return how far that came. Raises PeerError where sentiment is away."""
        with suppress(TimeoutError):
            async with asyncio.timeout(AT_ONCE_SECONDS):
                return await self.embed(head)
        return await self._store.head(head.brand)

    async def embed(self, head: CatalogHead, version: str | None = None) -> CatalogHead:
        """Give each product of a catalogue an embedding; raises PeerError.

        With a `version` those that have one of another version get a new one.
        """
        left = head.products
        for part in range(head.parts):
            offers = await self._store.offers(head, part)
            if any(_is_missing(offer, version) for offer in offers):
                offers = await self._embedded(offers, version)
                await self._store.embed(head, part, offers)
            left -= len(offers)
            head = await self._store.tell_missing(head, max(left, 0))
        return head

    async def vectors(self, texts: Sequence[str]) -> tuple[list[Vector | None], str | None]:
        """Return the embedding of each text, of length 1, and their version; raises PeerError."""
        vectors: list[Vector | None] = []
        version = None
        for first in range(0, len(texts), BATCH):
            answer = await self._sentiment.analyze(texts[first : first + BATCH], ["embedding"])
            version = answer.embedding_version
            vectors += [_unit(one.embedding) for one in answer.results]
        return vectors, version

    async def _embed_all(self) -> None:
        for head in await self._store.incomplete():
            try:
                await self.embed(head)
            except PeerRefusedError:
                # One brand's fault is that brand's alone.
                log.warning("catalog.refused", brand=head.brand)

    async def _embedded(self, offers: Sequence[Offer], version: str | None) -> list[Offer]:
        missing = [place for place, offer in enumerate(offers) if _is_missing(offer, version)]
        vectors, made_by = await self.vectors([offers[place].product.words() for place in missing])
        done = list(offers)
        for place, vector in zip(missing, vectors, strict=True):
            done[place] = replace(offers[place], embedding=vector, embedding_version=made_by)
        return done


def _is_missing(offer: Offer, version: str | None) -> bool:
    return offer.embedding is None or (version is not None and offer.embedding_version != version)


def _unit(numbers: Sequence[float] | None) -> Vector | None:
    vector = np.asarray(numbers or (), dtype=np.float32)
    length = float(np.linalg.norm(vector))
    return vector / length if length else None
