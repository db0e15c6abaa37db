"""Brands for tests."""

from datetime import UTC, datetime
from typing import Any

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.brand_query import BrandQuery
from services.ingest.brands.query_plan import query_for
from shared.analyzed_post import Platform

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def a_brand(**settings: Any) -> StoredBrand:
    """Return a stored brand with these settings and no others."""
    return StoredBrand(brand="aerolume", version=1, updated_at=MOMENT, settings=BrandSettings.model_validate(settings))


def a_query(platform: Platform = "bluesky", **settings: Any) -> BrandQuery:
    """Return what a source of `platform` gets for a brand with these settings."""
    return query_for(a_brand(**settings), platform)


def finds(keyword: str, text: str, platform: Platform = "bluesky") -> bool:
    """Tell whether a brand with one keyword keeps a text, where the network leaves the looking to us."""
    return a_query(platform, keywords=[keyword]).match_text(text).outcome == "keep"
