"""Authors who come or change between trainings: assigned to the current run, at a cost by change."""

from typing import Any

import pytest

from services.clusters.bases.basis import Basis
from services.clusters.freshness.follower import Follower
from services.clusters.freshness.run_freshness import RunFreshness
from tests.unit.clusters.authors import two_kinds
from tests.unit.clusters.conftest import BRAND, K2, Service, Start, trained
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn

CLUSTERS = f"/v1/brands/{BRAND}/clusters"
ASSIGN = f"/v1/brands/{BRAND}/assign"


def follower_of(service: Service) -> Follower:
    """Return a follower beside the service's own."""
    held = service.held
    return Follower(held.store.runs, held.models, held.store.freshness, held.profiles, held.clock)


def like(row: Any, key: str) -> dict[str, Any]:
    """Return an author who behaves as another."""
    return {**row, "author_key": key}


async def freshness_of(service: Service) -> RunFreshness:
    """Return what is kept of the current run's freshness."""
    kept = await service.held.store.freshness.of(BRAND, Basis.BEHAVIOUR)
    assert kept is not None
    return kept


@pytest.fixture
def profiles() -> ProfilesStandIn:
    """Return a brand with two kinds of authors, each changed once."""
    stand_in = ProfilesStandIn(BRAND, [])
    stand_in.change(*two_kinds(30))
    return stand_in


async def test_new_and_changed_authors_are_assigned_to_the_current_run(start: Start, profiles: ProfilesStandIn) -> None:
    """To the cluster of those whom they behave like; the answer tells their share."""
    async with start(profiles) as service:
        run = await trained(service, K2)
        first, last = profiles.rows[0], profiles.rows[-1]
        profiles.change(like(first, "a" * 32), like(last, "b" * 32))
        await follower_of(service).follow()
        assert profiles.staged[run.run_id]["a" * 32] == profiles.clusters[first["author_key"]]
        assert profiles.staged[run.run_id]["b" * 32] == profiles.clusters[last["author_key"]]
        told = (await service.http.get(CLUSTERS)).json()
        assert told["assigned_since"] == pytest.approx(2 / run.authors if run.authors else 0)
        assert (told["drift"], told["failed_since"]) == (None, None)
        assert told["age_seconds"] >= 0


async def test_what_did_not_change_is_neither_read_nor_written(start: Start, profiles: ProfilesStandIn) -> None:
    """A follower that asks again costs one call; one that begins anew goes on where the last ended."""
    async with start(profiles) as service:
        await trained(service, K2)
        profiles.change(like(profiles.rows[0], "a" * 32))
        await follower_of(service).follow()
        before = await freshness_of(service)
        profiles.calls.clear()
        assert await follower_of(service).follow() == 0
        assert set(profiles.calls) <= {"changes"}
        assert await follower_of(service).follow(everywhere=True) == 0
        assert await freshness_of(service) == before
        profiles.change(like(profiles.rows[1], "c" * 32))
        assert await follower_of(service).follow() == 1


async def test_a_store_that_was_put_back_is_followed_anew(start: Start, profiles: ProfilesStandIn) -> None:
    """Numbers that are lower than those seen are those of another history."""
    async with start(profiles) as service:
        await trained(service, K2)
        await service.held.store.freshness.follow(99)
        profiles.change(like(profiles.rows[0], "a" * 32))
        assert await follower_of(service).follow() == 1
        assert await service.held.store.freshness.followed() == profiles.last_change


async def test_one_brand_s_fault_is_that_brand_s_alone(start: Start, profiles: ProfilesStandIn) -> None:
    """What profiles refuses is tried again with the next change."""
    async with start(profiles) as service:
        await trained(service, K2)
        profiles.change(like(profiles.rows[0], "a" * 32))
        profiles.refuse["stage"] = 422
        assert await follower_of(service).follow() == 0
        del profiles.refuse["stage"]
        profiles.change(like(profiles.rows[1], "b" * 32))
        assert await follower_of(service).follow() == 2


async def test_authors_and_rows_are_placed_where_their_like_are(start: Start, profiles: ProfilesStandIn) -> None:
    """Nothing is kept; who is not known has no place, and what cannot be compared is refused with the field's name."""
    async with start(profiles) as service:
        refused = await service.http.post(ASSIGN, json={"rows": [{"posts": 3}]})
        assert (refused.status_code, "train them with POST" in refused.json()["detail"]) == (404, True)
        run = await trained(service, K2)
        known = [row["author_key"] for row in profiles.rows]
        answer = (await service.http.post(ASSIGN, json={"author_keys": [*known[::20], "f" * 32]})).json()
        assert answer["run_id"] == run.run_id
        assert [one["cluster"] for one in answer["items"]] == [*(profiles.clusters[key] for key in known[::20]), None]
        card = (await service.http.get(f"{CLUSTERS}/1")).json()
        row = {name: value for name, value in card["centroid"].items() if value is not None}
        placed = await service.http.post(ASSIGN, json={"rows": [row] * 2})
        assert [one["cluster"] for one in placed.json()["items"]] == [1, 1], placed.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rows": []},
        {"rows": [{"posts": 3}], "author_keys": ["a" * 32]},
        {"rows": [{"no_such_feature": 3}]},
        {"rows": [{"posts": -1}]},
        {"rows": [{"posts": "NaN"}]},
        {"rows": [{"negative_share": 1.5}]},
        {"rows": [{"posts": 1}] * 1001},
        {"author_keys": ["a"]},
        {"basis": "mood", "rows": [{"posts": 3}]},
    ],
)
async def test_a_wrong_question_is_refused(start: Start, profiles: ProfilesStandIn, body: dict[str, Any]) -> None:
    """By the field."""
    async with start(profiles) as service:
        answer = await service.http.post(ASSIGN, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["loc"][0]) == (422, "body")
