"""Recommendations and audiences over HTTP, for clusters whose people write about their own things."""

import numpy as np
import pytest

from services.clusters.bases.basis import Basis
from services.clusters.catalog.interests import ClusteredPosts, interests_of
from tests.unit.clusters.authors import two_kinds
from tests.unit.clusters.conftest import BRAND, K2, Service, Start, trained
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn
from tests.unit.clusters.sentiment_stand_in import VERSION, embedding_of

CLUSTERS = f"/v1/brands/{BRAND}/clusters"
WORDS = {0: "lost luggage", 1: "lounge coffee"}
CATALOG = {
    "items": [
        {"id": "bag", "title": "luggage"},
        {"id": "cup", "title": "coffee"},
        {"id": "hose", "title": "zzz"},
    ]
}


async def with_interests(service: Service, version: str = VERSION) -> None:
    """Train, and keep interests in which the clusters write of different things."""
    run = await trained(service, K2)
    people = [(f"{person:032x}", person % 2) for person in range(60)]
    posts = ClusteredPosts(
        authors=[key for key, _ in people],
        clusters=np.array([cluster for _, cluster in people]),
        tokens=[WORDS[cluster].split() for _, cluster in people],
        hours=np.array([9 + cluster for _, cluster in people]),
        languages=["en"] * len(people),
        embeddings=np.array([embedding_of(WORDS[cluster]) for _, cluster in people], dtype=np.float32),
    )
    told = interests_of(posts, version).model_dump_json().encode()
    await service.held.store.runs.artifacts.keep(run.run_id, "interests", told)


@pytest.fixture
def profiles() -> ProfilesStandIn:
    """Return a brand with two kinds of authors."""
    return ProfilesStandIn(BRAND, two_kinds(30))


async def test_each_cluster_is_offered_what_its_people_write_about(start: Start, profiles: ProfilesStandIn) -> None:
    """With the terms that explain it, and what no cluster wants beside."""
    async with start(profiles) as service:
        await with_interests(service)
        await service.http.put(f"/v1/brands/{BRAND}/catalog", json=CATALOG)
        first = (await service.http.get(f"{CLUSTERS}/0/recommendations")).json()
        second = (await service.http.get(f"{CLUSTERS}/1/recommendations", params={"limit": 1})).json()
        assert first["items"][0]["product_id"] == "bag"
        assert "luggage" in " ".join(first["items"][0]["terms"])
        assert [one["product_id"] for one in second["items"]] == ["cup"]
        assert [one["product_id"] for one in first["unwanted"]] == ["hose"]


async def test_an_audience_is_told_as_json_and_as_a_keyword_list(start: Start, profiles: ProfilesStandIn) -> None:
    """One keyword a line; never an author."""
    async with start(profiles) as service:
        await with_interests(service)
        told = (await service.http.get(f"{CLUSTERS}/1/audience")).json()
        assert (told["hours"], told["languages"]) == ([10], {"en": 1.0})
        listed = await service.http.get(f"{CLUSTERS}/1/audience", params={"format": "csv"})
        assert listed.headers["content-type"] == "text/csv; charset=utf-8"
        assert "lounge coffee" in listed.text.splitlines()
        assert "author" not in str(told)


async def test_what_cannot_be_recommended_is_a_sentence_with_the_remedy(
    start: Start, profiles: ProfilesStandIn
) -> None:
    """No clusters, no catalogue, no such cluster, another model."""
    async with start(profiles) as service:
        where = f"{CLUSTERS}/0/recommendations"
        assert "has no clusters by behaviour yet" in (await service.http.get(where)).json()["detail"]
        await with_interests(service, "another model")
        assert "has no catalogue" in (await service.http.get(where)).json()["detail"]
        missing = await service.http.get(f"{CLUSTERS}/9/audience")
        assert (missing.status_code, "no cluster 9" in missing.json()["detail"]) == (404, True)
        await service.http.put(f"/v1/brands/{BRAND}/catalog", json=CATALOG)
        refused = await service.http.get(where)
        assert (refused.status_code, "different models" in refused.json()["detail"]) == (409, True)
        assert (await service.http.get(where, params={"limit": 0})).status_code == 422
        assert await service.held.store.runs.current(BRAND, Basis.BEHAVIOUR) is not None
