"""Facebook: posts and comments of the brand's Pages; nothing else can be asked for."""

from services.ingest.brands.brand import StoredBrand
from services.ingest.brands.compiling.question import Compiled, Question, looked_at_here
from services.ingest.brands.matching import Matcher
from services.ingest.brands.query import Query


def compile_facebook(stored: StoredBrand) -> Compiled:
    """Return the Pages: what stands on them is about the brand, whether or not it names it."""
    brand = stored.settings
    given = [*brand.handles.get("facebook", []), *brand.own_accounts.get("facebook", [])]
    pages = tuple({page.lower(): page for page in reversed(given)}.values())[::-1]
    question = Question(
        platform="facebook",
        asked=[f"posts and comments of Page {page}" for page in pages],
        filtered_here=looked_at_here(brand, but=frozenset({"keywords", "handles"})),
        not_heard=["keywords and hashtags elsewhere: Facebook has no search of posts"] if brand.wanted() else [],
        limits=["needs a Page access token with pages_read_engagement and pages_read_user_content for each Page"],
    )
    query = Query(stored.brand, "facebook", Matcher.of(brand, "facebook"), accounts=pages, network_selects=True)
    return Compiled(query, question)
