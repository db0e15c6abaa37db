"""X archives as they are downloaded."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from services.ingest.sources.fields import UNKNOWN_AUTHOR
from services.ingest.sources.file import open_file
from services.ingest.sources.rows import FileError, Row
from tests.unit.ingest.sources.exports.archives import INSTAGRAM, unpacked, zipped
from tests.unit.ingest.sources.exports.test_export import read, texts
from tests.unit.ingest.sources.layouts.examples import ARCHIVED


def as_javascript(name: str, *values: Any) -> bytes:
    """Return values as a file of an archive has them."""
    return f"window.YTD.{name}.part0 = {json.dumps(values, indent=2)}".encode()


def a_tweet(text: str) -> dict[str, Any]:
    """Return a post with a text of its own."""
    return {"tweet": {**ARCHIVED["tweet"], "id_str": str(abs(hash(text))), "full_text": text}}


ARCHIVE = {
    "data/account.js": as_javascript("account", {"account": {"accountId": "99", "username": "lume_care"}}),
    "data/tweets.js": as_javascript("tweets", a_tweet("first"), a_tweet("RT @a: second")),
    "data/tweets-part1.js": as_javascript("tweets", a_tweet("third")),
    "data/deleted-tweets.js": as_javascript("deleted_tweets", a_tweet("deleted")),
    "data/like.js": as_javascript("like", {"like": {"tweetId": "1", "fullText": "liked"}}),
    "data/direct-messages.js": as_javascript("direct_messages", {"dmConversation": {"messages": []}}),
    "Your archive.html": b"<html>",
}


def test_an_archive_gives_all_parts_of_its_posts_and_nothing_else(tmp_path: Path) -> None:
    """As a ZIP file or a folder: the owner's posts, by id and handle; nothing liked, deleted or private."""
    for content in (zipped(ARCHIVE), unpacked(ARCHIVE, tmp_path / "archive")):
        rows = read(content)
        assert texts(rows) == {"first", "RT @a: second", "third"}
        assert sorted(row.number for row in rows) == [1, 2, 3]
        assert {row.post["is_repost"] for row in rows if row.post and "RT" in row.post["text"]} == {True}
        assert all(row.post and row.post["author"] == {"id": "99", "handle": "lume_care"} for row in rows)


def test_long_posts_of_an_archive_are_whole() -> None:
    """Their file has other ids: the text of the same minute that goes on as a post begins is its own."""
    begun = "They lost my bag & found it & lost it again, "
    whole = begun + "on each of the three flights that I had booked. " * 8
    tweet = a_tweet((begun + "on each of the three flights").replace("&", "&amp;") + "\u2026 https://t.co/x1")
    other = a_tweet("short")
    told = "2026-03-02T14:35:00.000Z"
    notes = [
        {"noteTweet": {"noteTweetId": "5", "createdAt": told, "core": {"text": whole}}},
        {"noteTweet": {"noteTweetId": "6", "createdAt": "2026-03-04T14:35:00.000Z", "core": {"text": whole + "Twice"}}},
        {"noteTweet": {"noteTweetId": "7", "createdAt": told, "core": {"text": "short and something else altogether"}}},
        {"noteTweet": None},
    ]
    members = {
        **ARCHIVE,
        "data/tweets.js": as_javascript("tweets", tweet, other),
        "data/note-tweet.js": as_javascript("note_tweet", *notes),
    }
    found = texts(read(zipped(members)))
    assert {text.replace("&amp;", "&") for text in found} == {whole, "short", "third"}


def test_an_archive_without_its_account_says_what_is_missing() -> None:
    """Its posts count for no known author."""
    members = {name: value for name, value in ARCHIVE.items() if name != "data/account.js"}
    with open_file("-", {}, None, io.BytesIO(zipped(members))) as source:
        rows: list[Row] = list(source.rows)
        assert {row.post["author"]["id"] for row in rows if row.post} == {UNKNOWN_AUTHOR}
        assert "account.js" in source.notes()[0]


def test_a_damaged_part_of_an_archive_spoils_only_itself() -> None:
    """The other parts are read, and the fault has its line."""
    rows = read(zipped({**ARCHIVE, "data/tweets-part1.js": ARCHIVE["data/tweets-part1.js"][:-30]}))
    assert len([row for row in rows if row.post]) == 2
    assert ["cut off" in row.reason for row in rows if row.post is None] == [True]


def test_an_archive_of_x_is_of_no_other_platform() -> None:
    """Nor is it Meta's."""
    with pytest.raises(FileError, match="archive of x"):
        read(zipped(ARCHIVE), "facebook")
    with pytest.raises(FileError, match="export of instagram"):
        read(zipped(INSTAGRAM), "x")
