"""An object of each layout, in the shape that its tool writes; every value is invented."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.ingest.sources.file import open_file
from services.ingest.sources.rows import Row

V1: dict[str, Any] = {
    "created_at": "Mon Mar 02 14:35:00 +0000 2026",
    "id": 1764120000000000501,
    "id_str": "1764120000000000501",
    "full_text": "gate 7 was a joy",
    "truncated": False,
    "in_reply_to_status_id": 1764120000000000400,
    "in_reply_to_status_id_str": "1764120000000000400",
    "user": {
        "id": 9007199254740993,
        "id_str": "9007199254740993",
        "screen_name": "mira_t",
        "followers_count": 31,
        "friends_count": 32,
        "statuses_count": 33,
        "listed_count": 4,
        "verified": True,
        "protected": False,
        "created_at": "Mon Jan 05 10:00:00 +0000 2015",
    },
    "favorite_count": 5,
    "retweet_count": 6,
    "lang": "en",
}
V2: dict[str, Any] = {
    "id": "1764120000000000502",
    "author_id": "41",
    "text": "gate 8 was no joy",
    "created_at": "2026-03-02T14:35:00.000Z",
    "lang": "und",
    "conversation_id": "1764120000000000502",
    "public_metrics": {"like_count": 7, "retweet_count": 8, "reply_count": 9, "quote_count": 0},
    "referenced_tweets": [{"type": "replied_to", "id": "1764120000000000400"}],
}
V2_USER: dict[str, Any] = {
    "id": "41",
    "username": "noor_t",
    "verified": False,
    "protected": False,
    "created_at": "2014-05-06T07:08:09.000Z",
    "public_metrics": {"followers_count": 50, "following_count": 51, "tweet_count": 52, "listed_count": 5},
}
SNSCRAPED: dict[str, Any] = {
    "_type": "snscrape.modules.twitter.Tweet",
    "url": "https://x.test/1",
    "date": "2026-03-02T14:35:00+00:00",
    "rawContent": "gate 9 & its queue",
    "renderedContent": "gate 9 & its queue",
    "id": 1764120000000000503,
    "user": {
        "_type": "snscrape.modules.twitter.User",
        "username": "ivo_t",
        "id": 61,
        "followersCount": 71,
        "friendsCount": 72,
        "statusesCount": 73,
        "listedCount": 7,
        "verified": False,
        "protected": False,
        "created": "2013-05-06T07:08:09+00:00",
    },
    "replyCount": 1,
    "retweetCount": 2,
    "likeCount": 3,
    "lang": "en",
    "inReplyToTweetId": 1764120000000000400,
}
TWINT: dict[str, Any] = {
    "id": 1764120000000000505,
    "conversation_id": "1764120000000000505",
    "created_at": "2026-03-02 15:35:00 CET",
    "date": "2026-03-02",
    "time": "15:35:00",
    "timezone": "+0100",
    "user_id": 62,
    "username": "uma_t",
    "name": "Uma",
    "tweet": "gate 15, empty",
    "language": "en",
    "replies_count": 1,
    "retweets_count": 2,
    "likes_count": 3,
    "retweet": False,
}
OF_WEBSITE: dict[str, Any] = {
    "__typename": "Tweet",
    "rest_id": "1764120000000000506",
    "core": {
        "user_results": {
            "result": {
                "rest_id": "63",
                "legacy": {"followers_count": 91, "friends_count": 92},
                "core": {"screen_name": "vic_t"},
            }
        }
    },
    "legacy": {
        "created_at": "Mon Mar 02 14:35:00 +0000 2026",
        "full_text": "gate 16, crowded",
        "favorite_count": 4,
        "retweet_count": 5,
        "reply_count": 6,
        "lang": "en",
    },
}
ARCHIVED: dict[str, Any] = {
    "tweet": {
        "id": "1764120000000000504",
        "id_str": "1764120000000000504",
        "created_at": "Mon Mar 02 14:35:00 +0000 2026",
        "full_text": "my own gate",
        "lang": "en",
        "favorite_count": "11",
        "retweet_count": "12",
        "in_reply_to_status_id_str": "1764120000000000400",
    }
}
BLUESKY: dict[str, Any] = {
    "uri": "at://did:plc:aaaabbbbcccc/app.bsky.feed.post/3kabc",
    "cid": "bafy",
    "author": {"did": "did:plc:aaaabbbbcccc", "handle": "pia.bsky.test", "displayName": "Pia", "labels": []},
    "record": {
        "$type": "app.bsky.feed.post",
        "text": "gate 10, again",
        "createdAt": "2026-03-02T14:35:00.000Z",
        "langs": ["de"],
        "reply": {"parent": {"uri": "at://did:plc:p/app.bsky.feed.post/3kp"}, "root": {"uri": "at://did:plc:p/r"}},
    },
    "likeCount": 13,
    "repostCount": 14,
    "replyCount": 15,
    "indexedAt": "2026-03-02T14:35:01.000Z",
}
JETSTREAM: dict[str, Any] = {
    "did": "did:plc:aaaabbbbcccc",
    "time_us": 1772462100000000,
    "kind": "commit",
    "commit": {
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": "3kabd",
        "record": {"$type": "app.bsky.feed.post", "text": "gate 11", "createdAt": "2026-03-02T14:35:00Z"},
    },
}
MASTODON: dict[str, Any] = {
    "id": "1140001",
    "created_at": "2026-03-02T14:35:00.000Z",
    "in_reply_to_id": "1140000",
    "visibility": "public",
    "language": "fr",
    "uri": "https://social.test/users/Lea/statuses/1140001",
    "url": "https://social.test/@Lea/1140001",
    "replies_count": 1,
    "reblogs_count": 2,
    "favourites_count": 3,
    "content": "<p>porte 12 &amp; <b>retard</b></p>",
    "reblog": None,
    "account": {
        "id": "7",
        "username": "Lea",
        "acct": "Lea",
        "url": "https://social.test/@Lea",
        "followers_count": 81,
        "following_count": 82,
        "statuses_count": 83,
        "created_at": "2017-05-06T00:00:00.000Z",
    },
}
ACTIVITY: dict[str, Any] = {
    "id": "https://social.test/users/Lea/statuses/1140002/activity",
    "type": "Create",
    "actor": "https://social.test/users/Lea",
    "published": "2026-03-02T14:35:00Z",
    "object": {
        "id": "https://social.test/users/Lea/statuses/1140002",
        "type": "Note",
        "content": "<p>porte 13</p>",
        "published": "2026-03-02T14:35:00Z",
        "attributedTo": "https://social.test/users/Lea",
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "cc": [],
    },
}
OWN: dict[str, Any] = {
    "platform": "web",
    "post_id": "o1",
    "author": {"id": "oa", "followers": 3},
    "text": "gate 14",
    "created_at": "2026-03-02T14:35:00Z",
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "x v1": V1,
    "x v2": {**V2, "author": V2_USER},
    "x v2 page": {"data": [V2], "includes": {"users": [V2_USER]}, "meta": {"result_count": 1}},
    "snscrape": SNSCRAPED,
    "x twint": TWINT,
    "x website": OF_WEBSITE,
    "x archive": ARCHIVED,
    "bluesky": BLUESKY,
    "bluesky feed": {"feed": [{"post": BLUESKY}], "cursor": "c"},
    "jetstream": JETSTREAM,
    "mastodon": MASTODON,
    "mastodon outbox": {"type": "OrderedCollection", "orderedItems": [ACTIVITY]},
    "own": OWN,
}


def rows_of(content: bytes, platform: str | None = None, name: str = "-", **mapping: str) -> list[Row]:
    """Read the rows of a file, from standard input where it has no name."""
    with open_file(name, mapping, platform, io.BytesIO(content)) as source:
        return list(source.rows)


def notes_of(content: bytes | Path) -> list[str]:
    """Read a file to its end and return what is noted of it."""
    name, stdin = (str(content), b"") if isinstance(content, Path) else ("-", content)
    with open_file(name, {}, None, io.BytesIO(stdin)) as source:
        list(source.rows)
        return list(source.notes())


def posts_of(*values: Any, platform: str | None = None, **mapping: str) -> list[dict[str, Any]]:
    """Return the posts of values, a line each; fails where one is rejected."""
    rows = rows_of(lines_of(values), platform, **mapping)
    assert [row.reason for row in rows if row.post is None] == []
    return [row.post for row in rows if row.post]


def lines_of(values: Sequence[Any]) -> bytes:
    """Return values as JSON lines."""
    return "\n".join(json.dumps(value) for value in values).encode()


ODD: list[Any] = [None, "", "x", 1, 1.5, True, [], [1], ["a"], {}, {"a": 1}, [{}], [[{}]]]


def variants(value: Any) -> Iterator[Any]:
    """Yield a value with each of its parts replaced by each odd one, and left out."""
    yield from ODD
    if isinstance(value, dict):
        for name in value:
            yield {other: value[other] for other in value if other != name}
            yield from ({**value, name: inner} for inner in variants(value[name]))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from ([*value[:place], inner, *value[place + 1 :]] for inner in variants(part))
