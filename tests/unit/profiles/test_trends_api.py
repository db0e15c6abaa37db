"""Entities and trends over HTTP, on an SQLite store."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.analytics.mentioning import named, said
from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import START


def at(hours: int, *posts: AnalyzedPost) -> list[AnalyzedPost]:
    """Return the posts as published so many hours after the start."""
    return [one.model_copy(update={"hour": START + timedelta(hours=hours)}) for one in posts]


async def get(client: httpx.AsyncClient, path: str, **query: str | int) -> Any:
    """Return what the brand acme answers."""
    answer = await client.get(f"/v1/brands/acme/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_entities_are_shown(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Entities of the last 30 days, by default, with how many posts were looked at; a person of few authors is not."""
    jane, rome = named("Jane Roe", "person"), named("Rome", "location")
    await deliver(
        *at(0, *(said(number, "long ago", number, 0.5, named("Paris", "location")) for number in (1, 7))),
        *at(40 * 24, *(said(number, "Jane in Rome", number, 0.25, jane, rome) for number in range(2, 6))),
        *at(40 * 24, said(6, "ROME", 2, 0.75, named("ROME", "location"))),
    )
    shown = await get(client, "entities")
    assert shown == {
        "from": "2015-03-06T01:00:00Z",
        "to": "2015-04-05T01:00:00Z",
        "posts_looked_at": 5,
        "posts_in_all": 5,
        "items": [
            {"type": "location", "name": "Rome", "posts": 5, "authors": 4, "scored_posts": 5, "mean_score": 0.35}
        ],
    }
    assert (await get(client, "entities", type="person"))["items"] == []
    assert [item["name"] for item in (await get(client, "entities", window="60d"))["items"]] == ["Rome", "Paris"]
    assert len((await get(client, "entities", window="60d", limit=1))["items"]) == 1
    assert (await get(client, "entities", voice="internal"))["posts_in_all"] == 0


async def test_what_trends_is_shown(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """What the last day says that the 28 days before did not, by kind; what is always said does not trend."""
    usual = [said(number, "a kind crew http", number) for number in range(300)]
    strike = [
        said(number, "crew on strike again #StrikeNow @user", number, 0.1, named("Union", "organisation"))
        for number in range(300, 330)
    ]
    await deliver(*at(0, *usual), *at(9 * 24, *strike))
    shown = await get(client, "trending")
    assert (shown["from"], shown["to"]) == ("2015-03-04T01:00:00Z", "2015-03-05T01:00:00Z")
    assert (shown["posts_looked_at"], shown["posts_in_all"]) == (30, 30)
    assert shown["baseline"] == {
        "from": "2015-02-04T01:00:00Z",
        "to": "2015-03-04T01:00:00Z",
        "posts_looked_at": 300,
        "posts_in_all": 300,
    }
    assert {(item["kind"], item["type"], item["term"]) for item in shown["items"]} == {
        ("term", None, "strike"),
        ("term", None, "again"),
        ("term", None, "on"),
        ("hashtag", None, "#strikenow"),
        ("entity", "organisation", "Union"),
    }
    assert all(
        (item["share"], item["baseline_share"], item["mean_score"]) == (1.0, 0.0, 0.1) for item in shown["items"]
    )
    for kind, many in (("terms", 3), ("hashtags", 1), ("entities", 1)):
        assert len((await get(client, "trending", kind=kind))["items"]) == many
    assert len((await get(client, "trending", limit=2))["items"]) == 2
    assert (await get(client, "trending", baseline="24h"))["items"] == []


async def test_texts_are_in_no_answer(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """A word of one author, and a key of any, is in no answer."""
    await deliver(*(said(number, "secretword again", 0xABCDEF) for number in range(20)))
    for path in ("entities", "trending", "summary", "timeline"):
        body = str(await get(client, path))
        assert "secretword" not in body
        assert "abcdef" not in body


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("entities?type=animal", "type"),
        ("entities?limit=0", "limit"),
        ("entities?limit=1001", "limit"),
        ("trending?baseline=28", "baseline"),
        ("trending?baseline=367d", "baseline"),
        ("trending?kind=words", "kind"),
        ("trending?limit=1000000000", "limit"),
        ("trending?voice=loud", "voice"),
    ],
)
async def test_a_bad_question_names_its_field(
    client: httpx.AsyncClient, deliver: Deliver, query: str, field: str
) -> None:
    """A parameter that is out of range or of no known form is a 422 that names it."""
    await deliver(said(1, "hello"))
    answer = await client.get(f"/v1/brands/acme/{query}")
    assert answer.status_code == 422
    assert [field in error["loc"] for error in answer.json()["errors"]] == [True]
