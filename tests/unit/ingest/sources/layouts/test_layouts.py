"""Posts of JSON in every layout that is recognised without a mapping."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.post import Post, parse_post
from services.ingest.sources.fields import UNKNOWN_AUTHOR
from tests.unit.ingest.posts import NOW
from tests.unit.ingest.sources.layouts.examples import (
    ACTIVITY,
    ARCHIVED,
    BLUESKY,
    EXAMPLES,
    JETSTREAM,
    MASTODON,
    OF_WEBSITE,
    OWN,
    SNSCRAPED,
    TWINT,
    V1,
    V2,
    V2_USER,
    lines_of,
    notes_of,
    posts_of,
    rows_of,
    variants,
)

MOMENT = datetime(2026, 3, 2, 14, 35, tzinfo=UTC)
LATER = datetime(2026, 11, 1, tzinfo=UTC)


def parsed(*values: Any, **mapping: str) -> list[Post]:
    """Return the posts as the service reads them; fails where it rejects one."""
    posts = [parse_post(post, LATER) for post in posts_of(*values, **mapping)]
    assert [post for post in posts if isinstance(post, str)] == []
    return [post for post in posts if isinstance(post, Post)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_layout_gives_a_post_that_the_service_takes(name: str) -> None:
    """Without a mapping or a platform: the text, the right moment, an author."""
    (post,) = parsed(EXAMPLES[name])
    assert post.created_at == MOMENT
    assert "gate" in post.text or "porte" in post.text
    assert post.platform == {"b": "bluesky", "j": "bluesky", "m": "mastodon", "o": "web"}.get(name[0], "x")


def test_the_first_api_of_x_is_read_whole() -> None:
    """Ids by their texts, figures of post and account, the parent and the language."""
    (post,) = parsed(V1)
    assert (post.post_id, post.in_reply_to) == ("1764120000000000501", "1764120000000000400")
    assert (post.likes, post.reposts, post.language, post.is_repost) == (5, 6, "en", False)
    author = post.author
    assert (author.id, author.handle) == ("9007199254740993", "mira_t")
    assert (author.followers, author.following, author.posts, author.listed) == (31, 32, 33, 4)
    assert (author.verified, author.protected) == (True, False)
    assert author.created_at == datetime(2015, 1, 5, 10, tzinfo=UTC)


def test_the_second_api_of_x_is_read_whole() -> None:
    """The author out of `includes` or beside the post; a language that is none is left out."""
    pages = {"data": [V2], "includes": {"users": [V2_USER]}}, {"data": V2, "includes": {"users": [V2_USER]}}
    for value in (*pages, {**V2, "author": V2_USER}):
        (post,) = parsed(value)
        assert (post.post_id, post.in_reply_to) == ("1764120000000000502", "1764120000000000400")
        assert (post.likes, post.reposts, post.replies, post.language) == (7, 8, 9, None)
        author = post.author
        assert (author.id, author.handle, author.verified) == ("41", "noor_t", False)
        assert (author.followers, author.following, author.posts, author.listed) == (50, 51, 52, 5)


def test_snscrape_is_read_whole_in_its_old_and_new_names() -> None:
    """`content` of before 0.6 is `rawContent` of after."""
    old = {name: value for name, value in SNSCRAPED.items() if name not in ("rawContent", "renderedContent", "_type")}
    for value in (SNSCRAPED, {**old, "content": "gate 9 & its queue"}):
        (post,) = parsed(value)
        assert (post.post_id, post.author.id, post.author.handle) == ("1764120000000000503", "61", "ivo_t")
        assert (post.text, post.likes, post.reposts, post.replies) == ("gate 9 & its queue", 3, 2, 1)
        assert (post.author.followers, post.author.following, post.author.posts) == (71, 72, 73)
        assert post.in_reply_to == "1764120000000000400"


def test_what_programs_take_from_the_website_is_read_whole() -> None:
    """Twint's time in its own zone; the website's author apart from the post, and long posts whole."""
    twint, web = parsed(TWINT, OF_WEBSITE)
    assert (twint.post_id, twint.author.id, twint.author.handle) == ("1764120000000000505", "62", "uma_t")
    assert (twint.likes, twint.reposts, twint.replies, twint.created_at) == (3, 2, 1, MOMENT)
    assert (web.post_id, web.author.id, web.author.handle) == ("1764120000000000506", "63", "vic_t")
    assert (web.likes, web.reposts, web.replies, web.author.followers, web.author.following) == (4, 5, 6, 91, 92)
    long = {**OF_WEBSITE, "note_tweet": {"note_tweet_results": {"result": {"text": "all of it"}}}}
    reposted = {**OF_WEBSITE["legacy"], "retweeted_status_result": {"result": {"legacy": {"full_text": "all of it"}}}}
    for value, is_repost in ((long, False), ({**OF_WEBSITE, "legacy": reposted}, True)):
        (post,) = parsed(value)
        assert (post.text, post.is_repost) == ("all of it", is_repost)


def test_bluesky_and_mastodon_are_known_by_the_ids_of_their_streams() -> None:
    """The same post read from a file and heard by a stream is one post of one author."""
    view, event, status, note = parsed(BLUESKY, JETSTREAM, MASTODON, ACTIVITY)
    assert view.post_id == "at://did:plc:aaaabbbbcccc/app.bsky.feed.post/3kabc"
    assert event.post_id == "at://did:plc:aaaabbbbcccc/app.bsky.feed.post/3kabd"
    assert (view.author.id, view.author.handle) == ("did:plc:aaaabbbbcccc", "pia.bsky.test")
    assert (view.likes, view.reposts, view.replies, view.language) == (13, 14, 15, "de")
    assert (status.post_id, note.post_id) == ("1140001@social.test", "1140002@social.test")
    assert status.author.id == note.author.id == "lea@social.test"
    assert (status.text, note.text) == ("porte 12 & retard", "porte 13")
    assert (status.likes, status.reposts, status.author.followers, status.language) == (3, 2, 81, "fr")


@pytest.mark.parametrize(
    "value",
    [
        {**V1, "full_text": "RT @a: cut o…", "retweeted_status": {**V1, "full_text": "the whole of it"}},
        {
            "data": [{**V2, "text": "RT @a: cut o…", "referenced_tweets": [{"type": "retweeted", "id": "5"}]}],
            "includes": {"tweets": [{"id": "5", "text": "the whole of it"}], "users": [V2_USER]},
        },
        {**SNSCRAPED, "retweetedTweet": {"rawContent": "the whole of it"}},
        {
            "post": {**BLUESKY, "record": {"text": "the whole of it", "createdAt": "2026-01-01T00:00:00Z"}},
            "reason": {
                "$type": "app.bsky.feed.defs#reasonRepost",
                "by": {"did": "did:plc:other"},
                "indexedAt": "2026-03-02T14:35:00Z",
            },
        },
        {**MASTODON, "content": "", "reblog": {**MASTODON, "id": "9", "content": "<p>the whole of it</p>"}},
    ],
)
def test_a_repost_is_one_by_its_own_account_with_the_whole_text(value: Any) -> None:
    """Where a repost's own text is cut off, the words come from what was reposted."""
    (post,) = parsed(value)
    assert (post.is_repost, post.text, post.created_at) == (True, "the whole of it", MOMENT)
    assert post.author.id != "did:plc:aaaabbbbcccc"


def test_a_quote_is_a_post_of_its_own() -> None:
    """What is quoted is neither a repost nor part of the text."""
    quoted = {**V1, "is_quote_status": True, "quoted_status": {**V1, "full_text": "quoted"}}
    extended = {**quoted, "text": "gate 7 wa…", "extended_tweet": {"full_text": "gate 7 was a joy"}}
    del extended["full_text"]
    for value in (quoted, extended, {**V2, "referenced_tweets": [{"type": "quoted", "id": "5", "text": "quoted"}]}):
        (post,) = parsed(value)
        assert not post.is_repost
        assert post.text in ("gate 7 was a joy", "gate 8 was no joy")


def test_a_long_post_of_x_comes_whole() -> None:
    """`text` holds the beginning of a long post alone."""
    assert parsed({**V2, "note_tweet": {"text": "all of it"}})[0].text == "all of it"


def test_an_id_of_x_tells_the_time_where_nothing_else_does() -> None:
    """Answers of X without `created_at` are of the millisecond of their ids."""
    bare = {"id": "1764120000000000502", "text": "gate", "author_id": "41"}
    (post,) = parsed({"data": [{**bare, "edit_history_tweet_ids": ["1"]}]})
    assert post.created_at.date().isoformat() == "2024-03-03"


@pytest.mark.parametrize(
    "value",
    [
        {"delete": {"status": {"id": 1}}},
        {**JETSTREAM, "kind": "identity", "commit": None},
        {**JETSTREAM, "commit": {**JETSTREAM["commit"], "collection": "app.bsky.feed.like"}},
        {**JETSTREAM, "commit": {**JETSTREAM["commit"], "operation": "delete", "record": None}},
        {**BLUESKY, "record": {**BLUESKY["record"], "text": ""}},
        {**MASTODON, "content": "<p></p>"},
        {**MASTODON, "visibility": "private"},
        {**ACTIVITY, "type": "Announce", "object": "https://social.test/users/B/statuses/1"},
        {**ACTIVITY, "object": {**ACTIVITY["object"], "to": ["https://social.test/users/Lea/followers"]}},
    ],
)
def test_what_is_no_public_post_is_passed_over_and_said(value: Any) -> None:
    """Likes, deletions, pictures without words and what is not public are no rejections; their number is told."""
    content = lines_of([value, OWN])
    assert [row.post is not None for row in rows_of(content)] == [True]
    (note,) = notes_of(content)
    assert note.startswith("1 objects were passed over")


@pytest.mark.parametrize(
    "value", [{"meta": {"result_count": 0}}, {"errors": [{"title": "Not Found Error"}]}, {"data": []}]
)
def test_a_page_without_posts_has_none(value: Any) -> None:
    """The last page of a search, and a page of errors, are no rejections."""
    assert len(rows_of(lines_of([value, V1]))) == 1


def test_an_empty_object_is_no_post_and_not_passed_over() -> None:
    """It is a row like any other, which the service rejects."""
    assert [row.post is not None for row in rows_of(lines_of([OWN, {}]), "x")] == [True, True]


def test_an_archive_counts_for_its_owner(tmp_path: Path) -> None:
    """`account.js` beside the posts tells whose they are; figures that stand as texts are numbers."""
    account = {"account": {"username": "own_t", "accountId": "4243", "createdAt": "2011-02-03T04:05:06.000Z"}}
    (tmp_path / "tweets.js").write_text("window.YTD.tweets.part0 = " + json.dumps([ARCHIVED], indent=2))
    (tmp_path / "account.js").write_text("window.YTD.account.part0 = " + json.dumps([account]))
    (row,) = rows_of(b"", name=str(tmp_path / "tweets.js"))
    post = parse_post(row.post, LATER)
    assert isinstance(post, Post)
    assert (post.author.id, post.author.handle, post.likes, post.reposts) == ("4243", "own_t", 11, 12)
    assert notes_of(tmp_path / "tweets.js") == []


@pytest.mark.parametrize(
    "beginning", ["window.YTD.tweets.part0 = ", "window.YTD.tweet.part0=", "\ufeffvar tweets = ", ""]
)
def test_an_archive_without_its_account_counts_for_no_known_author(beginning: str) -> None:
    """And what is missing is said."""
    content = (
        beginning + json.dumps([ARCHIVED, ARCHIVED["tweet"] if beginning.startswith("w") else ARCHIVED])
    ).encode()
    rows = rows_of(content)
    assert {row.post["author"]["id"] for row in rows if row.post} == {UNKNOWN_AUTHOR}
    assert len(rows) == 2
    assert "account.js" in notes_of(content)[0]


def test_a_repost_of_an_archive_is_known_by_its_mark() -> None:
    """Archives say `retweeted: false` of every post."""
    tweet = ARCHIVED["tweet"] | {"full_text": "RT @a: words", "retweeted": False}
    assert parsed({"tweet": tweet})[0].is_repost


def test_other_items_of_snscrape_are_refused_by_name() -> None:
    """Its modules for other networks have other fields: the remedy is a mapping."""
    (row, _) = rows_of(lines_of([{"_type": "snscrape.modules.instagram.InstagramPost", "content": "c"}, SNSCRAPED]))
    assert "--map" in row.reason


def test_a_mapping_reads_other_items_of_snscrape() -> None:
    """The remedy that their refusal names."""
    item = {
        "_type": "snscrape.modules.reddit.Submission",
        "id": "t3",
        "author": "u",
        "selftext": "s",
        "date": "2026-03-02",
    }
    mapping = {"post_id": "id", "author_id": "author", "text": "selftext", "created_at": "date"}
    (post,) = posts_of(item, platform="web", **mapping)
    assert (post["post_id"], post["author"], post["text"]) == ("t3", {"id": "u"}, "s")


def test_a_thread_of_bluesky_gives_each_of_its_posts() -> None:
    """Parents and replies at any depth; what is blocked is left out."""
    deep: dict[str, Any] = {"post": BLUESKY, "replies": [{"$type": "app.bsky.feed.defs#blockedPost", "uri": "at://x"}]}
    for number in range(30):
        deep = {"post": {**BLUESKY, "uri": f"at://did:plc:z/app.bsky.feed.post/{number}"}, "replies": [deep]}
    assert len(posts_of({"thread": deep})) == 31


def test_layouts_may_be_mixed_in_one_file() -> None:
    """Each object is told by itself."""
    assert [post["platform"] for post in posts_of(V1, BLUESKY, MASTODON, OWN)] == ["x", "bluesky", "mastodon", "web"]


def test_a_platform_that_is_said_goes_before_what_a_layout_tells() -> None:
    """Other networks speak Mastodon's API; only a post's own word is stronger."""
    assert [post["platform"] for post in posts_of(MASTODON, OWN, platform="web")] == ["web", "web"]
    assert [post["platform"] for post in posts_of(V1, {**OWN, "platform": "facebook"}, platform="x")] == [
        "x",
        "facebook",
    ]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def spoiled(value: Any, draw: Any) -> Any:
    """Return a value with keys in another order, some left out, and some inner values replaced by others."""
    if isinstance(value, dict):
        names = draw(st.permutations(list(value)))
        return {name: spoiled(value[name], draw) for name in names if draw(st.integers(0, 7))}
    if isinstance(value, list):
        return [spoiled(inner, draw) for inner in value]
    return value if draw(st.integers(0, 9)) else draw(JUNK)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_part_of_another_kind_breaks_the_reading(name: str) -> None:
    """Whatever stands where something else should: a post, a reason or nothing, and the file goes on."""
    values = list(variants(EXAMPLES[name]))
    rows = rows_of(lines_of([OWN, *values, OWN]))
    assert rows[-1].post is not None
    assert rows[-1].post["post_id"] == "o1"
    for row in rows:
        assert row.reason if row.post is None else parse_post(row.post, LATER)


@given(st.data())
def test_no_omission_and_no_order_of_keys_breaks_the_reading(data: st.DataObject) -> None:
    """Whatever lacks or is spoiled: a post that the service judges, a reason, or a note, and the neighbour is read."""
    value = spoiled(EXAMPLES[data.draw(st.sampled_from(list(EXAMPLES)))], data.draw)
    rows = rows_of(lines_of([value, OWN]))
    assert rows[-1].post is not None
    assert rows[-1].post["post_id"] == "o1"
    for row in rows:
        assert (row.post is None) == bool(row.reason)
        if row.post is not None:
            json.dumps(row.post, default=str)
            parse_post(row.post, NOW)


@given(st.sampled_from(list(EXAMPLES)), st.data())
def test_the_order_of_keys_says_nothing(name: str, data: st.DataObject) -> None:
    """The same post comes from any order of an object's keys."""
    value = EXAMPLES[name]
    shuffled = {key: value[key] for key in data.draw(st.permutations(list(value)))}
    assert posts_of(shuffled) == posts_of(value)
