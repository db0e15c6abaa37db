"""What a store of brands must do, in prose; `tests/contract/test_brand_store.py` holds every store to it."""

from datetime import datetime
from typing import Protocol

from services.ingest.brands.brand import BrandSettings, StoredBrand


class BrandStore(Protocol):
    """Brands as people declared them, each in its latest version.

    A brand's versions rise by one with each `put`, so that who runs a stream can tell by the number alone whether
    the rules it works by are still the latest. Every operation is all or nothing, also between processes that share
    the store; of two puts at once each gets a version of its own, and the later one stays.

    Operations raise PeerUnavailableError where the database is a server and does not answer.
    """

    async def put(self, brand: str, settings: BrandSettings, now: datetime) -> StoredBrand:
        """Keep the settings in place of what the brand had; return them with the version that they got."""
        ...

    async def find(self, brand: str) -> StoredBrand:
        """Return a brand; raises NotFoundError where nobody declared it."""
        ...

    async def versions(self, brands: list[str]) -> dict[str, int]:
        """Return the version of each of `brands` that is there; cheap enough to be asked every few seconds."""
        ...

    async def page(self, *, after: str, limit: int) -> list[StoredBrand]:
        """Return up to `limit` brands by name, those that follow `after` alone ("" for the first)."""
        ...


def missing(brand: str) -> str:
    """Return the sentence for a brand that nobody declared."""
    return f"nobody declared brand '{brand}'; PUT /v1/brands/{brand} does, GET /v1/brands lists those there are"
