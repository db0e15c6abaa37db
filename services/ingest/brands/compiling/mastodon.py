"""Mastodon: a server's hashtag timelines, or its whole public stream, filtered here."""

from services.ingest.brands.brand import StoredBrand
from services.ingest.brands.compiling.hashtags import hashtags_of
from services.ingest.brands.compiling.question import Compiled, Question, looked_at_here
from services.ingest.brands.matching import Matcher
from services.ingest.brands.query import Query


def compile_mastodon(stored: StoredBrand) -> Compiled:
    """Return the hashtags to follow; a source of the public stream leaves them be and filters everything."""
    brand = stored.settings
    tags, partly, unheard = hashtags_of(brand)
    accounts = tuple(brand.own_accounts.get("mastodon", []))
    by_handles = ["mentions of handles"] if brand.handles.get("mastodon") else []
    by_accounts = ["posts by the brand's own accounts"] if accounts else []
    remedy = "heard on the public stream alone (source mastodon), not in hashtag timelines"
    question = Question(
        platform="mastodon",
        asked=[f"#{tag}" for tag in tags],
        filtered_here=looked_at_here(brand),
        not_heard=[f"{what}; {remedy}" for what in [*unheard, *partly, *by_handles, *by_accounts]],
        limits=["a server knows the posts of the accounts that its people follow, not those of every server"],
    )
    query = Query(stored.brand, "mastodon", Matcher.of(brand, "mastodon"), hashtags=tuple(tags), accounts=accounts)
    return Compiled(query, question)
