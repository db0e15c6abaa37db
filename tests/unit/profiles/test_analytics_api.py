"""Questions about a brand's buckets over HTTP, on an SQLite store."""

import random
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.profiles.analytics.bucket_reads import ReadLimit
from shared.pages import encode_cursor
from tests.unit.profiles.analytics.shelf import counted, during
from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import START, analysis, post

BASE = int(START.timestamp())


async def get(client: httpx.AsyncClient, path: str, **query: str | int) -> Any:
    """Return what the brand acme answers."""
    answer = await client.get(f"/v1/brands/acme/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of an answer that are counted one by one in these tests."""
    return {name: shown[name] for name in ("posts", "authors", "scored_posts", "mean_score")}


def expected(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same figures of what was counted."""
    return {name: found[name] for name in ("posts", "authors", "scored_posts", "mean_score")}


async def test_a_summary_compares_the_window_with_the_one_before(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """The last seven days, by default, beside the seven before them: figures, times and the change."""
    await deliver(
        post(1, 1, 0, analysis(0.25)),
        post(2, 2, 8 * 24, analysis(0.75), likes=3),
        post(3, 3, 8 * 24, analysis(0.75), reposts=2, replies=1),
    )
    shown = await get(client, "summary")
    assert (shown["posts"], shown["profiles"], shown["last_seen"]) == (3, 3, "2015-03-04T00:00:00Z")
    assert shown["window"] == {
        "from": "2015-02-25T01:00:00Z",
        "to": "2015-03-04T01:00:00Z",
        "posts": 2,
        "authors": 2,
        "authors_exact": True,
        "scored_posts": 2,
        "mean_score": 0.75,
        "labels": {"negative": 0, "neutral": 0, "positive": 2},
        "shares": {"negative": 0.0, "neutral": 0.0, "positive": 1.0},
        "likes": 3,
        "reposts": 2,
        "replies": 1,
    }
    assert (shown["before"]["from"], shown["before"]["to"]) == ("2015-02-18T01:00:00Z", "2015-02-25T01:00:00Z")
    assert shown["before"]["posts"] == 1
    assert shown["change"] == {
        "posts": 1,
        "posts_ratio": 2.0,
        "authors": 1,
        "mean_score": 0.5,
        "shares": {"negative": -1.0, "neutral": 0.0, "positive": 1.0},
    }


@pytest.mark.parametrize(
    ("query", "posts", "before"),
    [
        ({"window": "1h"}, 1, 1),
        ({"window": "2d", "until": "2015-02-26T00:00:00Z"}, 3, 0),
        ({"window": "24h", "until": "2015-02-24T12:30:00Z"}, 2, 0),
        ({"window": "24h", "voice": "internal"}, 1, 0),
        ({"window": "24h", "until": "1970-01-01T00:00:00Z"}, 0, 0),
        ({"window": "366d", "until": "3000-01-01T00:00:00Z"}, 0, 0),
    ],
)
async def test_a_window_is_as_asked_for(
    client: httpx.AsyncClient, deliver: Deliver, query: dict[str, str], posts: int, before: int
) -> None:
    """Length, end and voice of the window are those of the query."""
    await deliver(post(1, 1, 0), post(2, 1, 12), post(3, 1, 13, voice="internal"))
    shown = await get(client, "summary", **query)
    assert (shown["window"]["posts"], shown["before"]["posts"]) == (posts, before)
    assert shown["posts"] == 3


async def test_figures_are_those_of_the_posts(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Of posts of any hours, authors and voices, summary and timeline say what counting one by one says."""
    chance = random.Random(5)  # noqa: S311 - reproducible posts, no secrets
    posts = [
        post(
            number,
            chance.randrange(40),
            chance.randrange(1200),
            analysis(chance.choice([None, 0.1, 0.5, 0.9])),
            voice=chance.choice(["external", "internal"]),
        )
        for number in range(400)
    ]
    await deliver(*posts)
    end = BASE + 1000 * 3600
    for hours in (7, 30, 200, 499):
        shown = await get(client, "summary", window=f"{hours}h", until=(START + timedelta(hours=1000)).isoformat())
        for part, begin in (("window", end - hours * 3600), ("before", end - 2 * hours * 3600)):
            found = counted(during(posts, begin, begin + hours * 3600))
            assert figures(shown[part]) == expected(found)
    for bucket, hours in (("hour", 1), ("day", 24), ("week", 168)):
        items = (await get(client, "timeline", bucket=bucket))["items"]
        assert sum(item["posts"] for item in items) == 400
        for item in items:
            begin = int(_seconds(item["start"]))
            assert figures(item) == expected(counted(during(posts, begin, begin + hours * 3600)))


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


async def test_a_timeline_comes_in_pages_and_stretches(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Points come by time, page by page, of the time and voice asked for."""
    await deliver(
        *(post(number, number, 24 * number, voice="external" if number % 2 else "internal") for number in range(15))
    )
    starts: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(9):
        page = await get(client, "timeline", bucket="week", limit=1, **cursor)
        starts += [item["start"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert starts == ["2015-02-23T00:00:00Z", "2015-03-02T00:00:00Z", "2015-03-09T00:00:00Z"]
    within = {"from": "2015-02-25T12:00:00Z", "to": "2015-02-27T00:00:01Z"}
    assert [item["start"] for item in (await get(client, "timeline", **within))["items"]] == [
        "2015-02-25T00:00:00Z",
        "2015-02-26T00:00:00Z",
        "2015-02-27T00:00:00Z",
    ]
    assert len((await get(client, "timeline", voice="internal"))["items"]) == 8


async def test_languages_and_categories_are_shown(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Languages and categories of all time by default, of a window or up to a moment where asked."""
    await deliver(
        post(1, 1, 0, analysis(0.25, "en", "crew")),
        post(2, 1, 1, analysis(0.75, "en", "crew")),
        post(3, 1, 50, analysis(None, "de", "bags")),
        post(4, 1, 50, analysis(0.5, None)),
    )
    assert await get(client, "languages") == {
        "from": "2015-02-24T00:00:00Z",
        "to": "2015-02-26T03:00:00Z",
        "posts": 4,
        "items": [
            {"code": "en", "posts": 2, "share": 0.5},
            {"code": "de", "posts": 1, "share": 0.25},
            {"code": "und", "posts": 1, "share": 0.25},
        ],
    }
    shown = await get(client, "categories")
    assert [(item["name"], item["posts"], item["mean_score"]) for item in shown["items"]] == [
        ("crew", 2, 0.5),
        ("bags", 1, None),
    ]
    assert [item["name"] for item in (await get(client, "categories", window="3h"))["items"]] == ["bags"]
    until = {"until": "2015-02-24T01:00:00Z"}
    assert (await get(client, "categories", **until))["items"][0]["posts"] == 1
    assert (await get(client, "languages", until="2015-01-01T00:00:00Z"))["items"] == []


async def test_voices_are_told_apart(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """The brand's own posts stand beside people's, each with its share."""
    await deliver(post(1, 1, 0), post(2, 2, 1), post(3, 3, 2), post(4, 9, 2, analysis(1.0), voice="internal"))
    shown = await get(client, "voices", window="3h")
    assert (shown["from"], shown["to"]) == ("2015-02-24T00:00:00Z", "2015-02-24T03:00:00Z")
    assert [(one["voice"], one["posts"], one["share"], one["mean_score"]) for one in shown["items"]] == [
        ("external", 3, 0.75, 0.5),
        ("internal", 1, 0.25, 1.0),
    ]


async def test_brands_are_compared(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Brands share the posts of people over one time, that of the brand that is asked."""
    await deliver(post(1, 1, 0), post(2, 2, 1), post(3, 3, 1, voice="internal"))
    await deliver(post(1, 1, 0), post(2, 2, 1), post(3, 3, 5), brand="bolt")
    await deliver(post(1, 1, 500), brand="zip")
    shown = await get(client, "share-of-voice", **{"with": "bolt,zip,bolt"})
    assert (shown["from"], shown["to"]) == ("2015-02-17T02:00:00Z", "2015-02-24T02:00:00Z")
    assert [(one["brand"], one["posts"], one["share"]) for one in shown["items"]] == [
        ("acme", 2, 0.5),
        ("bolt", 2, 0.5),
        ("zip", 0, 0.0),
    ]
    shown = await get(client, "share-of-voice", window="1h", voice="internal", **{"with": "bolt"})
    assert [(one["brand"], one["posts"]) for one in shown["items"]] == [("acme", 1), ("bolt", 0)]


@pytest.mark.parametrize(
    ("path", "buckets"),
    [
        ("summary", [2 * (6 + 24)]),
        ("summary?window=366d", [50 + 1]),
        ("timeline", [51]),
        ("timeline?limit=4", [5]),
        ("timeline?bucket=week", [56]),
        ("timeline?bucket=hour", [1001]),
        ("languages", [50 + 1]),
        ("categories?window=50d", [49 + 24]),
        ("voices", [2 * (6 + 24)]),
        ("share-of-voice?with=acme-2", [2 * (6 + 24)]),
    ],
)
async def test_long_readings_ask_for_a_seat(
    client: httpx.AsyncClient, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, path: str, buckets: list[int]
) -> None:
    """Each question says how many buckets it may read, of the time in which the brand has posts."""
    asked: list[int] = []

    def permit_for(_limit: ReadLimit, many: int) -> AbstractAsyncContextManager[None]:
        asked.append(many)
        return nullcontext()

    monkeypatch.setattr(ReadLimit, "permit_for", permit_for)
    await deliver(post(1, 1, 0), post(2, 2, 50 * 24))
    await deliver(post(1, 1, 0), brand="acme-2")
    assert (await client.get(f"/v1/brands/acme/{path}")).status_code == 200
    assert asked == buckets


async def test_an_unknown_brand_to_compare_with_is_named(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """A brand without posts among those of `with` is 422 and named."""
    await deliver(post(1))
    answer = await client.get("/v1/brands/acme/share-of-voice", params={"with": "nobody"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["query", "with"]
    assert "nobody" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["summary", "timeline", "languages", "categories", "voices", "share-of-voice?with=b", "entities", "trending"],
)
async def test_a_brand_without_posts_has_no_analytics(client: httpx.AsyncClient, path: str) -> None:
    """A brand that has no posts is not found; one that is no slug is refused."""
    assert (await client.get(f"/v1/brands/nobody/{path}")).status_code == 404
    assert (await client.get(f"/v1/brands/$set/{path}")).status_code == 422


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(
            (f"{path}?{bad}", bad.partition("=")[0])
            for path in ("summary", "languages", "categories", "voices", "entities", "trending")
            for bad in ("window=7w", "window=0d", "window=9999d", "until=yesterday", "until=2015-02-24T00:00:00")
        ),
        ("summary?until=3500-01-01T00:00:00Z", "until"),
        ("summary?until=0001-01-01T00:00:00%2B14:00", "until"),
        ("summary?voice=loud", "voice"),
        ("timeline?bucket=year", "bucket"),
        ("timeline?from=1969-01-01T00:00:00Z", "from"),
        ("timeline?to=9999-12-31T23:59:59-14:00", "to"),
        ("timeline?from=2015-02-24T00:00:00Z&to=2015-02-24T00:00:00Z", "to"),
        ("timeline?limit=0", "limit"),
        ("timeline?limit=1001", "limit"),
        ("timeline?cursor=garbage", "cursor"),
        ("timeline?cursor=" + encode_cursor(["week", BASE]), "cursor"),
        ("timeline?cursor=" + encode_cursor(["day", BASE + 1]), "cursor"),
        ("timeline?cursor=" + encode_cursor(["day", 2**62 // 86400 * 86400]), "cursor"),
        ("share-of-voice", "with"),
        ("share-of-voice?with=", "with"),
        ("share-of-voice?with=acme", "with"),
        ("share-of-voice?with=../x", "with"),
        ("share-of-voice?with=b&voice=both", "voice"),
        ("share-of-voice?with=" + "b" * 2001, "with"),
    ],
)
async def test_a_bad_question_names_its_field(
    client: httpx.AsyncClient, deliver: Deliver, query: str, field: str
) -> None:
    """A parameter that is out of range or of no known form is a 422 that names it."""
    await deliver(post(1))
    answer = await client.get(f"/v1/brands/acme/{query}")
    assert answer.status_code == 422
    assert [field in error["loc"] for error in answer.json()["errors"]] == [True]
