"""Instagram: hashtags alone can be searched, thirty different ones in any seven days."""

from typing import Final

from services.ingest.brands.brand import StoredBrand
from services.ingest.brands.compiling.hashtags import hashtags_of
from services.ingest.brands.compiling.question import Compiled, Question, looked_at_here
from services.ingest.brands.matching import Matcher
from services.ingest.brands.query import Query

MAX_HASHTAGS: Final = 30
"""Different hashtags that the Graph API searches for one account in any seven days."""


def compile_instagram(stored: StoredBrand) -> Compiled:
    """Return the hashtags to search, the first thirty, and the accounts whose captions may be read."""
    brand = stored.settings
    tags, partly, unheard = hashtags_of(brand)
    accounts = tuple(brand.own_accounts.get("instagram", []))
    past = [f"#{tag}: past the {MAX_HASHTAGS} hashtags that Instagram allows" for tag in tags[MAX_HASHTAGS:]]
    by_handles = ["mentions of handles outside the posts of these hashtags"] if brand.handles.get("instagram") else []
    asked = [f"#{tag}" for tag in tags[:MAX_HASHTAGS]] + [f"captions of {account}" for account in accounts]
    question = Question(
        platform="instagram",
        asked=asked,
        filtered_here=looked_at_here(brand),
        not_heard=[*past, *unheard, *partly, *by_handles],
        limits=[
            f"{min(len(tags), MAX_HASHTAGS)} of {MAX_HASHTAGS} hashtags that one account may search in any 7 days",
            "a hashtag search tells no author, and gives posts of the last 24 hours or the top ones",
        ],
    )
    query = Query(
        stored.brand,
        "instagram",
        Matcher.of(brand, "instagram"),
        hashtags=tuple(tags[:MAX_HASHTAGS]),
        accounts=accounts,
    )
    return Compiled(query, question)
