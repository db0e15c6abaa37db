"""Which posts count, by a brand's rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.brands.brand_query import MatchResult
from shared.analyzed_post import Platform
from tests.unit.ingest.brands.brands import a_query
from tests.unit.ingest.posts import a_post

ABOUT = "aerolume is late"


def outcome(result: MatchResult) -> str:
    """Return a result in a word, its reason where it has one."""
    return result.reason or result.outcome


@pytest.mark.parametrize(
    ("keyword", "text", "kept"),
    [
        ("delayed flight", "this flight was delayed", True),
        ("delayed flight", "delayed", False),
        ('jaguar (car OR "test drive") -zoo', "a test drive in a Jaguar", True),
        ('jaguar (car OR "test drive") -zoo', "a jaguar in the zoo, by car", False),
        ("jaguar -(zoo OR cat)", "jaguar cat", False),
        ("jaguar -(zoo OR cat)", "jaguar!", True),
        ("#ba", "I flew #BA.", True),
        ("#ba", "I flew ba", False),
        ("#ba", "#bar", False),
        ("#全日空", "飛行機 #全日空 です", True),
        ("#全日空", "#全日空の旅", False),
        ("#एयरो", "यह #एयरो है", True),
        ("#ba", "see /x#ba &#ba a#ba", False),
        ("@aerolume", "hey @Aerolume!", True),
        ("@aerolume", "mail x@aerolume now", False),
        ("@aerolume", "昨日@aerolumeで飛んだ", True),
        ("@aerolume", "@aerolume_help", False),
        ("@aerolume", "@aerolume.example.com", False),
        ("@aerolume.bsky.social", "with @aerolume.bsky.social.", True),
    ],
)
def test_an_expression_says_what_is_kept(keyword: str, text: str, *, kept: bool) -> None:
    """All clauses must hold, one of the alternatives, none of what is negated; hashtags and handles are whole."""
    result = a_query(keywords=[keyword]).match_text(text)
    assert outcome(result) == ("keep" if kept else "does not name the brand")


@pytest.mark.parametrize(("platform", "kept"), [("x", True), ("bluesky", False)])
def test_a_dot_ends_a_handle_on_x_alone(platform: Platform, *, kept: bool) -> None:
    """`@aerolume.Thanks` mentions @aerolume on X, where handles hold no dots, and another account elsewhere."""
    query = a_query(platform, exclusions=["@aerolume"])
    assert (query.match_text("@aerolume.Thanks", about_brand=True).outcome == "drop") is kept


def test_what_the_platform_lists_counts_as_if_it_stood_in_the_text() -> None:
    """A hashtag or mention that a platform tells beside the text is found, with or without its sign."""
    query = a_query("mastodon", handles={"mastodon": ["air@example.social"]}, hashtags=["aerolume"])
    assert query.match_text("so late", hashtags=["AeroLume"]).goes_on
    assert query.match_text("@air so late", mentions=["@air@Example.social"]).goes_on
    assert not query.match_text("@air so late", mentions=["air@other.social"]).goes_on


def test_only_handles_of_the_platform_count() -> None:
    """A handle on X says nothing of the same name on Bluesky."""
    assert not a_query("bluesky", handles={"x": ["aerolume"]}).match_text("hi @aerolume").goes_on


def test_exclusions_go_before_keywords() -> None:
    """A post that names the brand and matches an exclusion is left out, all of the exclusion's words needed."""
    query = a_query(keywords=["aerolume"], exclusions=["hiring pilot", "#ad"])
    assert outcome(query.match_text("aerolume hiring a pilot")) == "excluded"
    assert outcome(query.match_text("aerolume #ad")) == "excluded"
    assert outcome(query.match_text("aerolume hiring crew")) == "keep"


@pytest.mark.parametrize(
    ("language", "kept"),
    [("en", True), ("en-GB", True), ("EN_us", True), ("de", False), ("he", True), ("iw", True), ("zh", False)]
    + [(untold, True) for untold in (None, "", "und", "zxx", "qme")],
)
def test_languages_by_what_the_platform_tells(language: str | None, *, kept: bool) -> None:
    """Regions and old names do not matter; a post whose language is not told passes."""
    query = a_query(keywords=["aerolume"], languages=["en", "he"])
    assert outcome(query.match_text(ABOUT, language=language)) == ("keep" if kept else "another language")


@pytest.mark.parametrize(
    ("reposts", "expected"), [("keep", "keep"), ("drop", "repost"), ("count", "repost, counted alone")]
)
def test_reposts_by_rule(reposts: str, expected: str) -> None:
    """Reposts are kept, dropped or counted, and posts are not touched by the rule."""
    query = a_query(keywords=["aerolume"], reposts=reposts, exclusions=["zoo"])
    assert outcome(query.match_text(ABOUT, is_repost=True)) == expected
    assert outcome(query.match_text(ABOUT)) == "keep"


def test_only_reposts_about_the_brand_are_counted() -> None:
    """A counted repost names the brand, and is not excluded."""
    query = a_query(keywords=["aerolume"], reposts="count", exclusions=["zoo"])
    assert outcome(query.match_text("nothing", is_repost=True)) == "does not name the brand"
    assert outcome(query.match_text("aerolume zoo", is_repost=True)) == "excluded"


@pytest.mark.parametrize(
    "author",
    [{"id": "1", "handle": "@Aerolume_Help"}, {"id": "1", "handle": "aerolume"}, {"id": "4711"}],
)
def test_own_accounts_are_the_internal_voice(author: dict[str, str]) -> None:
    """A post by a handle or an own account, by name or id, is internal, even where it does not name the brand."""
    accounts = {"handles": {"x": ["aerolume"]}, "own_accounts": {"x": ["aerolume_help", "4711"]}}
    assert a_query("x", **accounts).match(a_post(text="thank you", author=author)).outcome == "internal"
    assert not a_query("bluesky", **accounts).match(a_post(text="thank you", author=author)).goes_on


def test_exclusions_hold_for_the_brand_itself() -> None:
    """What is excluded is left out, by whatever author."""
    query = a_query("x", own_accounts={"x": ["aerolume"]}, exclusions=["hiring"])
    assert outcome(query.match_text("we are hiring", author_handle="aerolume")) == "excluded"


def test_protected_accounts_are_dropped_whatever_they_say() -> None:
    """Protection goes before every other rule, also for the brand's own accounts."""
    query = a_query("x", own_accounts={"x": ["aerolume"]}, keywords=["aerolume"])
    assert outcome(query.match_text(ABOUT, author_handle="aerolume", protected=True)) == "protected account"


def test_what_a_network_selected_needs_no_keyword() -> None:
    """On X and on Facebook what comes is about the brand, elsewhere where the source says so."""
    assert a_query("x", keywords=["aerolume"]).match_text("a link to it").goes_on
    assert a_query("facebook", keywords=["aerolume"]).match_text("so late!").goes_on
    assert not a_query("web", keywords=["aerolume"]).match_text("so late!").goes_on
    assert a_query("web", keywords=["aerolume"]).match_text("so late!", about_brand=True).goes_on


def test_a_brand_without_rules_keeps_nothing_where_everything_comes() -> None:
    """On Bluesky, no rule means no post."""
    assert not a_query().match_text("anything").goes_on


def test_a_selection_splits_posts_and_leaves_them_as_they_were() -> None:
    """Kept posts carry their voice, the others are counted by reason, and no dictionary that came is changed."""
    query = a_query(keywords=["aerolume"], own_accounts={"bluesky": ["did:plc:own"]}, reposts="count", languages=["en"])
    posts: list[dict[str, Any]] = [
        a_post(1, text=ABOUT),
        a_post(2, text="off topic"),
        a_post(3, text=ABOUT, is_repost=True),
        a_post(4, text="welcome aboard", author={"id": "did:plc:own"}),
        a_post(5, text=ABOUT, language="de"),
        a_post(6, text=ABOUT, author={"id": "1", "protected": True}),
        a_post(7, text=None),
        {},
    ]
    before = [dict(post) for post in posts]
    selection = query.select(posts)
    assert [(post["post_id"], post["voice"]) for post in selection.posts] == [
        ("post-1", "external"),
        ("post-4", "internal"),
    ]
    assert selection.counted_reposts == 1
    assert dict(selection.dropped) == {
        "does not name the brand": 1,
        "another language": 1,
        "protected account": 1,
        "no text": 2,
    }
    assert posts == before


def test_hints_beside_the_contract_are_read() -> None:
    """`author.handle`, `hashtags`, `mentions` and `about_brand` of a source's post are looked at."""
    query = a_query("mastodon", hashtags=["aerolume"], handles={"mastodon": ["air@a.social"]})
    assert query.match(a_post(text="x", hashtags=["aerolume"])).outcome == "keep"
    assert query.match(a_post(text="x", mentions=["air@a.social"])).outcome == "keep"
    assert query.match(a_post(text="x", author={"id": "1", "handle": "air@a.social"})).outcome == "internal"
    assert query.match(a_post(text="x", about_brand=True)).outcome == "keep"


@given(
    st.dictionaries(
        st.sampled_from(["text", "author", "language", "is_repost", "hashtags", "mentions", "about_brand"]),
        st.one_of(
            st.none(), st.text(max_size=20), st.booleans(), st.lists(st.integers() | st.text()), st.just({"id": 7})
        ),
    )
)
def test_no_post_upsets_the_rules(post: dict[str, Any]) -> None:
    """Whatever stands in a post's fields, there is a result."""
    query = a_query("x", keywords=["a -b", "#c", "@d"], exclusions=["e"], languages=["en"], reposts="count")
    assert query.match(post).outcome in {"keep", "internal", "count", "drop"}
