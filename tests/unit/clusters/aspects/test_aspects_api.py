"""Aspects over HTTP, next to a stand-in of profiles."""

import json
from datetime import timedelta

from shared.access import digest_of
from tests.unit.clusters.aspects.test_found_aspects import opinions
from tests.unit.clusters.authors import two_kinds
from tests.unit.clusters.conftest import BRAND, Start, trained
from tests.unit.clusters.posts.rows import START
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn

ASPECTS = f"/v1/brands/{BRAND}/aspects"


def judging_brand() -> ProfilesStandIn:
    """Return authors of two kinds who blame and praise."""
    profiles = ProfilesStandIn(BRAND, two_kinds(40))
    profiles.posts = [*opinions()]
    return profiles


async def test_aspects_of_the_brand_need_no_run(start: Start) -> None:
    """They are of the window alone, and tell its bounds; there is no NaN."""
    async with start(judging_brand()) as service:
        answer = await service.http.get(ASPECTS)
        assert answer.status_code == 200, answer.json()
        told = answer.json()
        json.dumps(told, allow_nan=False)
        assert (told["cluster"], told["basis"], told["run_id"], told["note"]) == (None, None, None, None)
        assert told["to"] == (START + timedelta(hours=25)).isoformat().replace("+00:00", "Z")
        verdicts = {one["name"]: one["verdict"] for one in told["items"]}
        assert (verdicts["luggage"], verdicts["crew"]) == ("blamed", "praised")
        hour = (await service.http.get(ASPECTS, params={"window": "1h"})).json()
        assert all(one["people"] <= 20 for one in hour["items"])


async def test_aspects_of_a_segment_are_of_its_posts(start: Start) -> None:
    """It is one of the current run; others are 404, and a basis without a cluster is refused."""
    async with start(judging_brand()) as service:
        answer = await service.http.get(ASPECTS, params={"cluster": 0})
        assert (answer.status_code, "POST" in answer.json()["detail"]) == (404, True)
        run = await trained(service)
        whole = (await service.http.get(ASPECTS)).json()["items"]
        told = (await service.http.get(ASPECTS, params={"cluster": 0})).json()
        assert (told["run_id"], told["basis"], told["cluster"]) == (run.run_id, "behaviour", 0)
        assert max(one["people"] for one in told["items"]) < max(one["people"] for one in whole)
        assert (await service.http.get(ASPECTS, params={"cluster": 9})).status_code == 404
        assert (await service.http.get(ASPECTS, params={"basis": "behaviour"})).status_code == 422


async def test_examples_are_off_and_need_the_scope_evidence(start: Start) -> None:
    """They come without authors, two at the most."""
    keys = f"reader:read:{digest_of('r' * 40)},witness:read+evidence:{digest_of('w' * 40)}"
    reader, witness = ({"authorization": f"Bearer {letter * 40}"} for letter in "rw")
    asked = {"examples": "true"}
    async with start(judging_brand(), api_keys=keys) as service:
        answer = await service.http.get(ASPECTS, params=asked, headers=witness)
        assert (answer.status_code, "CLUSTERS_EXAMPLE_POSTS" in answer.json()["detail"]) == (404, True)
    async with start(judging_brand(), api_keys=keys, example_posts=5) as service:
        assert (await service.http.get(ASPECTS, headers=reader)).status_code == 200
        assert (await service.http.get(ASPECTS, params=asked, headers=reader)).status_code == 403
        told = (await service.http.get(ASPECTS, params=asked, headers=witness)).json()
        luggage = next(one for one in told["items"] if one["name"] == "luggage")
        assert len(luggage["examples"]) == 2
        assert luggage["examples"][0].keys() == {"post_key", "text", "language"}
