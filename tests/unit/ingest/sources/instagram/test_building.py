"""From a brand's query to the sources of Instagram and Facebook."""

import pytest

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.compiling.facebook import compile_facebook
from services.ingest.brands.compiling.instagram import compile_instagram
from services.ingest.sources.base import RefusedError
from services.ingest.sources.facebook.building import pages
from services.ingest.sources.facebook.settings import FacebookSettings
from services.ingest.sources.instagram.building import hashtag_search, website_captions
from services.ingest.sources.instagram.settings import InstagramSettings
from tests.contract.source_network import Recorder
from tests.unit.ingest.virtual_clock import START, VirtualClock

SETTINGS = {"hashtags": ["Delayed"], "own_accounts": {"instagram": ["airline"], "facebook": ["airline"]}}


@pytest.fixture
def brand() -> StoredBrand:
    """Return a brand with a hashtag and accounts."""
    return StoredBrand(brand="airline", version=1, updated_at=START, settings=BrandSettings.model_validate(SETTINGS))


def test_a_brand_becomes_what_its_sources_ask_for(brand: StoredBrand) -> None:
    """Hashtags go to the search, accounts to pages and profiles; no source shows a secret."""
    clock, report = VirtualClock(), Recorder()
    instagram = InstagramSettings(instagram_access_token="EAAG", instagram_user_id="17", instagram_captions=True)
    query = compile_instagram(brand).query
    assert hashtag_search(instagram, query, report, clock).hashtags == ("delayed",)
    assert website_captions(instagram, query, report, clock, of="hashtags").queries == ("#delayed",)
    assert website_captions(instagram, query, report, clock, of="profiles").queries == ("airline",)
    facebook = pages(FacebookSettings(facebook_page_token="EAAG"), compile_facebook(brand).query, report, clock)
    assert facebook.pages == ("airline",)
    assert "EAAG" not in repr([facebook, hashtag_search(instagram, query, report, clock)])


def test_captions_are_refused_where_they_are_off(brand: StoredBrand) -> None:
    """Nothing of instaloader's is made before somebody turned it on."""
    query = compile_instagram(brand).query
    with pytest.raises(RefusedError, match="INSTAGRAM_CAPTIONS"):
        website_captions(InstagramSettings(), query, Recorder(), VirtualClock(), of="hashtags")
