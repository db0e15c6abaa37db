"""The web: RSS and Atom feeds that the brand names."""

from services.ingest.brands.brand import StoredBrand
from services.ingest.brands.compiling.question import Compiled, Question, looked_at_here
from services.ingest.brands.matching import Matcher
from services.ingest.brands.query import Feed, Query


def compile_feeds(stored: StoredBrand) -> Compiled:
    """Return the feeds."""
    brand = stored.settings
    feeds = tuple(Feed(feed.url, feed.everything) for feed in brand.feeds)
    everything = [f"each entry of {feed.url} counts" for feed in feeds if feed.everything]
    question = Question(
        platform="web",
        asked=[feed.url for feed in feeds],
        filtered_here=everything + looked_at_here(brand, but=frozenset({"handles", "reposts"})) if feeds else [],
        not_heard=[] if feeds else ["the web: the brand names no feeds"],
        limits=["a feed holds its newest entries alone"] if feeds else [],
    )
    return Compiled(Query(stored.brand, "web", Matcher.of(brand, "web"), feeds=feeds), question)
