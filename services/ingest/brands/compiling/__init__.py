"""One brand's rules, compiled to what each platform can be asked; adding a platform is a module here and a line."""

from collections.abc import Callable
from typing import Final

from services.ingest.brands.brand import StoredBrand
from services.ingest.brands.compiling.bluesky import compile_bluesky
from services.ingest.brands.compiling.facebook import compile_facebook
from services.ingest.brands.compiling.feed import compile_feeds
from services.ingest.brands.compiling.instagram import compile_instagram
from services.ingest.brands.compiling.mastodon import compile_mastodon
from services.ingest.brands.compiling.question import Compiled, Question
from services.ingest.brands.compiling.x import compile_x
from services.ingest.brands.query import Query
from shared.analyzed_post import Platform

_COMPILERS: Final[dict[Platform, Callable[[StoredBrand], Compiled]]] = {
    "x": compile_x,
    "bluesky": compile_bluesky,
    "mastodon": compile_mastodon,
    "instagram": compile_instagram,
    "facebook": compile_facebook,
    "web": compile_feeds,
}


def query_for(brand: StoredBrand, platform: Platform) -> Query:
    """Return what a source of `platform` needs of `brand`."""
    return _COMPILERS[platform](brand).query


def questions(brand: StoredBrand) -> list[Question]:
    """Return the dry run: what each platform would be asked, in a fixed order."""
    return [compiler(brand).question for compiler in _COMPILERS.values()]
