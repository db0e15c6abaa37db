"""What `services.ingest.sources.feed.entries` promises."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.post import MAX_ID, Post, parse_post
from services.ingest.sources.feed.entries import FeedEntries, NoFeedError, read_entries

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
URL = "https://reviews.example/feed.xml"
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de-AT"><title>Reisen</title><id>urn:x:feed</id>
<entry><id>tag:reviews.example,2026:1</id><title>Verspätet</title><author><name>Ada</name></author>
<updated>2026-03-01T10:00:00+01:00</updated><category term="bags"/>
<link href="https://reviews.example/1"/>
<content type="html">&lt;p&gt;Zwei Stunden &amp;amp; kein Wort&lt;/p&gt;</content><summary>Zwei</summary></entry></feed>
"""


def rss(items: str, head: str = "") -> bytes:
    """Return an RSS feed."""
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{head}{items}</channel></rss>'.encode()


def read(body: bytes, content_type: str = "application/rss+xml", **how: Any) -> FeedEntries:
    """Read a feed; each post must be one that the pipeline takes."""
    entries = read_entries(body, content_type, URL, NOW, **{"about_brand": False} | how)
    for post in entries.posts:
        assert isinstance(parse_post(post, NOW), Post), parse_post(post, NOW)
    return entries


def one(item: str, head: str = "") -> dict[str, Any]:
    """Return the post of a feed's only item."""
    (post,) = read(rss(f"<item>{item}</item>", head)).posts
    return post


def test_an_atom_entry_becomes_a_post() -> None:
    """Title and the longer text are read, markup goes; the author is known at this feed alone."""
    assert read(ATOM.encode()).posts == [
        {
            "platform": "web",
            "post_id": "tag:reviews.example,2026:1",
            "author": {"id": f"{URL}#Ada"},
            "text": "Verspätet\n\nZwei Stunden & kein Wort",
            "created_at": "2026-03-01T09:00:00+00:00",
            "hashtags": ["bags"],
            "language": "de-AT",
        }
    ]


def test_a_feed_stands_for_its_authors() -> None:
    """An entry without an author is the feed's."""
    assert one("<guid>1</guid><title>x</title>")["author"] == {"id": URL}


@pytest.mark.parametrize(
    ("item", "post_id"),
    [
        ("<guid>18</guid>", f"{URL}#18"),
        (
            "<guid>https://reviews.example/1</guid><link>https://reviews.example/other</link>",
            "https://reviews.example/1",
        ),
        ("<guid isPermaLink='false'>17</guid>", f"{URL}#17"),
        ("<link>https://reviews.example/2</link>", "https://reviews.example/2"),
    ],
)
def test_an_entry_keeps_its_id(item: str, post_id: str) -> None:
    """A guid goes before a link; one that only its feed knows is made the feed's."""
    assert one(f"<title>x</title>{item}")["post_id"] == post_id


def test_an_entry_without_an_id_gets_a_stable_one() -> None:
    """The same words and time give the same id, others another."""
    told = [("a", 1), ("a", 1), ("b", 1), ("a", 2)]
    items = [f"<title>{title}</title><pubDate>{day} Mar 2026 10:00:00 GMT</pubDate>" for title, day in told]
    ids = [one(item)["post_id"] for item in items]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_monstrous_id_is_told_by_its_digest() -> None:
    """Ids and authors that no post may have are shortened, and stay apart."""
    ids = [one(f"<guid>https://x/{'9' * 600}{number}</guid><title>x</title>")["post_id"] for number in (1, 2)]
    assert len(set(ids)) == 2
    assert all(len(post_id) <= MAX_ID for post_id in ids)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("<pubDate>Sun, 01 Mar 2026 10:00:00 +0200</pubDate>", "2026-03-01T08:00:00+00:00"),
        ("<pubDate>2026-03-01T10:00:00</pubDate>", "2026-03-01T10:00:00+00:00"),
        ("<pubDate>soon</pubDate>", NOW.isoformat()),
        ("<pubDate>Sun, 01 Mar 2026 10:00:00 EST</pubDate>", "2026-03-01T15:00:00+00:00"),
        ("<pubDate>Sun, 01 Mar 2026 10:00:00 PM GMT</pubDate>", "2026-03-01T22:00:00+00:00"),
        ("<pubDate>Sun, 01 Mar 2026 10:00:00 IST</pubDate>", NOW.isoformat()),
        ("", NOW.isoformat()),
        ("<pubDate>Sun, 01 Mar 2099 10:00:00 GMT</pubDate>", NOW.isoformat()),
        ("<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", NOW.isoformat()),
    ],
)
def test_a_time_is_the_entrys_where_it_is_plausible(written: str, moment: str) -> None:
    """No zone is UTC; no time, a future and an absurd one are the time of our first sight."""
    assert one(f"<guid>1</guid><title>x</title>{written}")["created_at"] == moment


def test_every_encoding_is_read() -> None:
    """What the XML or the headers declare counts."""
    for encoding, words in (("iso-8859-1", "Grüße"), ("utf-16", "飛行機"), ("utf-8", "مرحبا")):
        head = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel>'
        body = f"{head}<item><guid>1</guid><title>{words}</title></item></channel></rss>".encode(encoding)
        assert read(body).posts[0]["text"] == words


def test_a_cut_off_feed_gives_what_was_whole() -> None:
    """What came before the cut is read, and the version counts as not read, so that it is fetched again."""
    body = rss("<item><guid>1</guid><title>whole</title></item><item><guid>2</guid><title>cut")
    entries = read(body[: body.index(b"cut") + 1])
    assert entries.posts[0]["text"] == "whole"
    assert not entries.is_whole
    assert entries.dropped["feed is not well-formed"] == 1


def test_an_entry_without_words_is_counted() -> None:
    """It is left out, and its neighbours are read."""
    entries = read(rss("<item><guid>1</guid></item><item><guid>2</guid><title>x</title></item>"))
    assert ([post["text"] for post in entries.posts], entries.dropped) == (["x"], {"entry without a text": 1})


def test_a_place_of_the_brand_says_so() -> None:
    """Entries of a feed that is all about the brand need not name it."""
    assert read(ATOM.encode(), about_brand=True).posts[0]["about_brand"] is True
    assert "about_brand" not in read(ATOM.encode()).posts[0]


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>503</body></html>", b'{"version": 1}', b"\x00\xff", b"plain words"]
)
def test_what_is_no_feed_is_told(body: bytes) -> None:
    """A page of HTML, JSON or nothing at all are no feeds."""
    with pytest.raises(NoFeedError):
        read(body, "text/html")


def test_no_entity_reaches_outside_or_grows() -> None:
    """Neither a file of this machine nor a billion laughs come out of a feed."""
    outside = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    laughs = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
    for kind, name in ((outside, "x"), (laughs, "c")):
        body = rss(f"<item><guid>1</guid><title>seen</title><description>&{name};</description></item>")
        for post in read(body.replace(b"<rss", kind.encode() + b"<rss", 1)).posts:
            assert "root:" not in post["text"]
            assert len(post["text"]) < 1000


PIECES = ["<item>", "</item>", "<guid>1</guid>", "<title>", "x", "&", "</title>", "<![CDATA["]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_no_feed_is_too_broken(pieces: list[str]) -> None:
    """Whatever stands in a feed, its posts are posts, and no other error comes than NoFeedError."""
    read(rss("".join(pieces)))
