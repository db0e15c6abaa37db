"""Bluesky: Jetstream sends every post there is; all of the brand's rules are applied here."""

from services.ingest.brands.brand import StoredBrand
from services.ingest.brands.compiling.question import Compiled, Question, looked_at_here
from services.ingest.brands.matching import Matcher
from services.ingest.brands.query import Query


def compile_bluesky(stored: StoredBrand) -> Compiled:
    """Return a query that asks for nothing."""
    brand = stored.settings
    accounts = tuple(brand.own_accounts.get("bluesky", []))
    question = Question(
        platform="bluesky",
        asked=[],
        filtered_here=["every post of the network comes", *looked_at_here(brand)],
        not_heard=[],
        limits=[
            "free; some hundreds of posts a second come, a fraction of them is kept",
            "the stream names authors by DID alone: handles of the brand are looked up once, when it begins",
        ],
    )
    return Compiled(Query(stored.brand, "bluesky", Matcher.of(brand, "bluesky"), accounts=accounts), question)
