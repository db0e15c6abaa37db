"""From settings and a brand's query to the sources of Meta's networks."""

from typing import Any

import pytest

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.query_plan import plan_facebook, plan_instagram
from services.ingest.settings import IngestSettings
from services.ingest.source_registry import SOURCES, SourceContext
from services.ingest.sources.base import Source, SourceRefusedError
from services.ingest.sources.feed.parser import FeedParser
from services.ingest.streams.budget import FreeBudget
from tests.contract.source_network import Recorder
from tests.unit.ingest.virtual_clock import START, VirtualClock

BRAND = {"hashtags": ["Delayed"], "own_accounts": {"instagram": ["airline"], "facebook": ["airline"]}}
OPENED = {
    "instagram_access_token": "EAAG",
    "instagram_user_id": "17",
    "instagram_captions": True,
    "facebook_page_token": "EAAG",
}


def made(name: str, **settings: Any) -> Source:
    """Return the source of that name for a brand with a hashtag and accounts."""
    kind = SOURCES[name]
    brand = StoredBrand(brand="airline", version=1, updated_at=START, settings=BrandSettings.model_validate(BRAND))
    compiled = plan_facebook(brand) if kind.platform == "facebook" else plan_instagram(brand)
    ours = IngestSettings(_env_file=None, **settings)
    return kind.make(SourceContext(ours, compiled.query, Recorder(), FreeBudget(), VirtualClock(), FeedParser()))


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("instagram-hashtag", "hashtags", ("delayed",)),
        ("instagram-captions", "queries", ("#delayed",)),
        ("instagram-profile", "queries", ("airline",)),
        ("facebook-page", "pages", ("airline",)),
    ],
)
def test_a_brand_becomes_what_its_source_asks_for(name: str, asked: str, words: tuple[str, ...]) -> None:
    """Hashtags go to the searches, accounts to pages and profiles; no source shows a secret."""
    source = made(name, **OPENED)
    assert getattr(source, asked) == words
    assert "EAAG" not in repr(source)


def test_captions_are_refused_where_they_are_off() -> None:
    """Nothing of instaloader's is made before it was turned on."""
    with pytest.raises(SourceRefusedError, match="INSTAGRAM_CAPTIONS"):
        made("instagram-captions")
