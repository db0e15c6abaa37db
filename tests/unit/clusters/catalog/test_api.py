"""Catalogues over HTTP."""

from typing import Any

import pytest

from tests.unit.clusters.conftest import BRAND, Start
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn
from tests.unit.clusters.sentiment_stand_in import SentimentStandIn

CATALOG = f"/v1/brands/{BRAND}/catalog"
CSV = {"content-type": "text/csv; charset=utf-8"}
ITEMS = [{"id": str(number), "title": f"Bag {number}", "description": "", "tags": []} for number in range(250)]


async def test_products_are_kept_and_embedded_and_shown_in_pages(start: Start, sentiment: SentimentStandIn) -> None:
    """In the order in which they were sent, whatever the size of a page."""
    async with start(ProfilesStandIn(BRAND, [])) as service:
        answer = await service.http.put(CATALOG, json={"items": ITEMS})
        assert (answer.status_code, answer.json()["products"], answer.json()["embedded"]) == (200, 250, 250)
        assert len(sentiment.texts) == 250
        found: list[Any] = []
        query: dict[str, Any] = {"limit": 90}
        while True:
            page = (await service.http.get(CATALOG, params=query)).json()
            found += page["items"]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert found == ITEMS


async def test_a_csv_file_is_taken_as_it_is(start: Start) -> None:
    """A fault names its line, and leaves the products of before."""
    async with start(ProfilesStandIn(BRAND, [])) as service:
        sent = await service.http.put(CATALOG, content="id;title;tags\n1;Sac;a, b\n", headers=CSV)
        assert sent.status_code == 200, sent.text
        refused = await service.http.put(CATALOG, content="id;title\n1;Sac\n1;Valise\n", headers=CSV)
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
        assert refused.json()["errors"] == [
            {"loc": ["body"], "msg": "lines 2 and 3 have the same id; give each product its own"}
        ]
        shown = (await service.http.get(CATALOG)).json()["items"]
        assert shown == [{"id": "1", "title": "Sac", "description": "", "tags": ["a", "b"]}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"items": []}, "body.items"),
        ({"items": [{"title": "Bag"}]}, "body.items.0.id"),
        ({"items": [{"id": "1", "title": " "}]}, "body.items.0.title"),
        ({"items": [{"id": "1", "title": "Bag", "prize": 3}]}, "body.items.0.prize"),
        ({"items": ITEMS[:1] * 2}, "body.items"),
        ({"items": [{**ITEMS[0], "id": str(number)} for number in range(10_001)]}, "body.items"),
    ],
)
async def test_a_wrong_catalogue_names_the_field_and_is_not_kept(start: Start, body: Any, field: str) -> None:
    """Nothing is half kept."""
    async with start(ProfilesStandIn(BRAND, [])) as service:
        answer = await service.http.put(CATALOG, json=body)
        assert answer.status_code == 422
        assert ".".join(map(str, answer.json()["errors"][0]["loc"])) == field
        assert (await service.http.get(CATALOG)).status_code == 404


async def test_what_is_no_catalogue_is_refused_by_its_type(start: Start) -> None:
    """A page that was saved by mistake, say."""
    async with start(ProfilesStandIn(BRAND, [])) as service:
        answer = await service.http.put(CATALOG, content="<html>", headers={"content-type": "text/html"})
        assert answer.status_code == 415
        assert answer.json()["detail"] == "the body must be sent as Content-Type: application/json or text/csv"


async def test_products_wait_for_sentiment(start: Start, sentiment: SentimentStandIn) -> None:
    """Kept while it is away, and embedded once it is back."""
    async with start(ProfilesStandIn(BRAND, [])) as service:
        sentiment.status = 503
        assert (await service.http.put(CATALOG, json={"items": ITEMS[:3]})).json()["embedded"] == 0
        sentiment.status = 200
        await service.held.embedding.round().work()
        assert (await service.http.get(CATALOG)).json()["embedded"] == 3


async def test_a_catalogue_that_sentiment_refuses_holds_up_no_other(start: Start, sentiment: SentimentStandIn) -> None:
    """The next brand's products are embedded in the same round."""
    async with start(ProfilesStandIn(BRAND, [])) as service:
        sentiment.status = 503
        for brand in ("a-brand", "b-brand"):
            await service.http.put(f"/v1/brands/{brand}/catalog", json={"items": ITEMS[:2]})
        sentiment.status, sentiment.refused_next = 200, 1
        await service.held.embedding.round().work()
        assert (await service.http.get("/v1/brands/a-brand/catalog")).json()["embedded"] == 0
        assert (await service.http.get("/v1/brands/b-brand/catalog")).json()["embedded"] == 2


async def test_a_catalogue_is_forgotten(start: Start) -> None:
    """It is not found any more, and to forget what is not there is 404."""
    async with start(ProfilesStandIn(BRAND, [])) as service:
        await service.http.put(CATALOG, json={"items": ITEMS[:3]})
        assert (await service.http.delete(CATALOG)).status_code == 204
        assert (await service.http.delete(CATALOG)).status_code == 404
