"""What the networks other than X are asked, and what a dry run says of it."""

from services.ingest.brands.query_plan import QueryPlan, query_for, query_plans
from shared.analyzed_post import Platform
from tests.unit.ingest.brands.brands import a_brand, a_query

FULL = a_brand(
    keywords=["aerolume", '"aero lume"', "#avgeek delayed", "(#lost OR #found)", "(ёлка OR AKIŞ)"],
    hashtags=["AeroLume_Air"],
    handles={"bluesky": ["aerolume.example"], "mastodon": ["air@a.social"], "facebook": ["aerolume"]},
    own_accounts={"bluesky": ["did:plc:own"], "instagram": ["aero"], "facebook": ["Aerolume", "4711"]},
    exclusions=["job"],
    languages=["en"],
    reposts="count",
    feeds=[{"url": "https://example.com/reviews", "everything": True}, {"url": "https://example.com/news"}],
)
TAGS = ("avgeek", "lost", "found", "aerolume_air", "aerolume", "ёлка", "akiş")


def plan_of(platform: Platform) -> QueryPlan:
    """Return a platform's part of the dry run."""
    (found,) = [each for each in query_plans(FULL) if each.platform == platform]
    return found


def test_each_platform_has_a_part_and_a_query() -> None:
    """The dry run names all platforms once, and every one of them has a query."""
    platforms = [each.platform for each in query_plans(FULL)]
    assert platforms == ["x", "bluesky", "mastodon", "instagram", "facebook", "web"]
    assert [query_for(FULL, platform).platform for platform in platforms] == platforms


def test_bluesky_is_asked_nothing_and_everything_is_looked_at_here() -> None:
    """The stream brings every post, so every rule is named, and authors by DID alone."""
    found = plan_of("bluesky")
    assert found.asked == []
    assert found.filtered_here == [
        "every post of the network comes",
        "6 keywords and hashtags looked for in each text that comes",
        "handles looked for among each post's mentions",
        "1 exclusion applied to each text",
        "languages other than en left out, by the language that the platform tells",
        "reposts counted, none read",
    ]
    assert found.not_heard == []
    assert any("DID" in limit for limit in found.limits)


def test_hashtags_are_asked_for_in_the_letters_that_people_use() -> None:
    """Certain hashtags come first, then those that single words make; dotless i and yo stay as they are written."""
    assert query_for(FULL, "mastodon").hashtags == TAGS
    assert plan_of("mastodon").asked == [f"#{tag}" for tag in TAGS]


def test_mastodon_says_what_timelines_cannot_bring() -> None:
    """A phrase is not heard, a word in part, handles not at all; hashtags are not named."""
    unheard = plan_of("mastodon").not_heard
    assert [sentence.split(":")[0] for sentence in unheard[:3]] == ['"aero lume"', "aerolume", "(ёлка OR AKIŞ)"]
    assert unheard[3].startswith("mentions of handles")
    assert all("public stream" in sentence for sentence in unheard)


def test_a_hashtag_timeline_is_looked_through_for_the_rest_of_the_expression() -> None:
    """What #avgeek brings must be delayed too."""
    query = query_for(FULL, "mastodon")
    assert query.match_text("#avgeek flight delayed").goes_on
    assert not query.match_text("#avgeek flight").goes_on


def test_instagram_is_asked_for_thirty_hashtags_at_most() -> None:
    """The first thirty are asked for, the hashtags before what single words make; the others are named."""
    brand = a_brand(keywords=["word"], hashtags=[f"tag{number}" for number in range(31)])
    (found,) = [each for each in query_plans(brand) if each.platform == "instagram"]
    assert query_for(brand, "instagram").hashtags == tuple(f"tag{number}" for number in range(30))
    assert found.asked == [f"#tag{number}" for number in range(30)]
    assert found.not_heard[:2] == [
        "#tag30: past the 30 hashtags that Instagram allows",
        "#word: past the 30 hashtags that Instagram allows",
    ]
    assert found.limits[0].startswith("30 of 30 hashtags")


def test_instagram_is_asked_for_the_captions_of_own_accounts() -> None:
    """Own accounts are readable by name."""
    assert plan_of("instagram").asked[-1] == "captions of aero"
    assert query_for(FULL, "instagram").accounts == ("aero",)


def test_facebook_is_asked_for_the_brands_pages_each_once() -> None:
    """Handles and own accounts are Pages; what stands on them needs no keyword, and exclusions hold."""
    query = query_for(FULL, "facebook")
    assert query.accounts == ("aerolume", "4711")
    assert query.match_text("so late!").reason == ""
    assert query.match_text("any job?").reason == "excluded"
    assert plan_of("facebook").not_heard == ["keywords and hashtags elsewhere: Facebook has no search of posts"]


def test_the_web_is_asked_for_the_brands_feeds() -> None:
    """Feeds come with whether all of their entries count."""
    assert [(feed.url, feed.everything) for feed in query_for(FULL, "web").feeds] == [
        ("https://example.com/reviews", True),
        ("https://example.com/news", False),
    ]
    assert plan_of("web").filtered_here[0] == "each entry of https://example.com/reviews counts"


def test_a_brand_without_rules_asks_for_nothing() -> None:
    """Nothing is asked of any platform, and nothing fails."""
    assert [each.asked for each in query_plans(a_brand())] == [[]] * 6
    assert a_query("web").feeds == ()
