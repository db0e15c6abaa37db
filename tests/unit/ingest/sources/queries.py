"""Queries for tests of sources, made as the service makes them."""

from datetime import UTC, datetime
from typing import Any

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.brand_query import BrandQuery
from services.ingest.brands.query_plan import query_for
from shared.analyzed_post import Platform

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


def query(platform: Platform, **settings: Any) -> BrandQuery:
    """Return the query of a brand with these settings."""
    brand = BrandSettings.model_validate(settings)
    return query_for(StoredBrand(brand="aerolume", version=1, updated_at=MOMENT, settings=brand), platform)


def everything(platform: Platform, **settings: Any) -> BrandQuery:
    """Return the query of a brand that each post with the hashtag `#everything` names."""
    return query(platform, hashtags=["everything"], **settings)
