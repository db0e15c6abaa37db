"""The HTTP face."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.clusters.runs.run import Run, RunRequest, new_run_id
from shared.access import digest_of
from tests.unit.clusters.authors import travellers, two_kinds
from tests.unit.clusters.conftest import Service, Start
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn

BRAND = "united"
RUNS = f"/v1/brands/{BRAND}/runs"
CLUSTERS = f"/v1/brands/{BRAND}/clusters"


async def trained(service: Service, **request: Any) -> str:
    """Train over HTTP, wait for the end and return the run's id."""
    answer = await service.http.post(RUNS, json=request)
    assert answer.status_code == 202
    run_id: str = answer.json()["run_id"]
    await service.held.trainer.ended(run_id)
    return run_id


async def test_a_run_is_accepted_and_told_of(start: Start) -> None:
    """A submission answers 202 with the id; the run then tells status, progress, scores and the reason for k."""
    async with start(ProfilesStandIn(BRAND, travellers(80))) as service:
        answer = await service.http.post(RUNS)
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        await service.held.trainer.ended(answer.json()["run_id"])
        run = (await service.http.get(f"/v1/runs/{answer.json()['run_id']}")).json()
        assert (run["status"], run["progress"], run["stage"]) == ("succeeded", 1.0, "done")
        assert run["request"] == {"basis": "behaviour", "k": "auto", "seed": 0, "weight": 0.5}
        assert {"k", "inertia", "silhouette", "largest_share", "smallest_size"} <= run["scores"][0].keys()
        assert str(run["k"]) in run["reason"]
        assert "clusters" not in run


async def test_clusters_are_cards_as_in_the_contract(start: Start) -> None:
    """The list names the run, each card has every field of the contract, and one card can be asked for."""
    async with start(ProfilesStandIn(BRAND, two_kinds(40))) as service:
        run_id = await trained(service, k=2)
        shown = (await service.http.get(CLUSTERS, params={"basis": "behaviour"})).json()
        assert shown["run_id"] == run_id
        assert len(shown["items"]) == 2
        contract = "id name size share centroid distinctive mean_score languages top_terms top_categories stability"
        assert all(set(contract.split()) <= card.keys() for card in shown["items"])
        distinctive = shown["items"][0]["distinctive"][0]
        assert distinctive.keys() == {"feature", "cluster_mean", "overall_mean", "z", "words"}
        assert (await service.http.get(f"{CLUSTERS}/1")).json() == shown["items"][1]
        missing = await service.http.get(f"{CLUSTERS}/9")
        assert (missing.status_code, "it has 0, 1" in missing.json()["detail"]) == (404, True)


async def test_more_clusters_than_authors_are_refused_before_a_run(start: Start) -> None:
    """A k beyond the brand's authors is 422 and names field and remedy; where profiles does not tell, a run comes."""
    profiles = ProfilesStandIn(BRAND, travellers(12))
    async with start(profiles) as service:
        answer = await service.http.post(RUNS, json={"k": 13})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "k"]
        assert "k is 13 and united has 12 authors; ask for a smaller k or for auto" in answer.json()["errors"][0]["msg"]
        assert (await service.http.get(RUNS)).json()["items"] == []
        assert (await service.http.post("/v1/brands/unheard-of/runs", json={"k": 13})).status_code == 202


async def test_without_a_current_run_the_answer_says_how_to_train(start: Start) -> None:
    """Before the first success the clusters are 404 with the remedy, also after a failure."""
    async with start(ProfilesStandIn(BRAND, travellers(3))) as service:
        await trained(service)
        for path in (CLUSTERS, f"{CLUSTERS}/0"):
            answer = await service.http.get(path)
            assert answer.status_code == 404
            assert f"POST {RUNS}" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *(({"k": k}, "k") for k in (1, 51, 0, -3, "many", "3", 2.5, None, True, [2])),
        *(({"seed": seed}, "seed") for seed in (-1, 2**32, "0", 1.5, None, True)),
        *(({"basis": basis}, "basis") for basis in ("looks", None)),
        *(({"basis": "combined", "weight": weight}, "weight") for weight in (-0.1, 1.1, "1", None, True)),
        *(({"basis": basis, "weight": 0.3}, "weight") for basis in ("behaviour", "interests")),
        ({"clusters": 3}, "clusters"),
    ],
)
async def test_a_wrong_request_names_its_field(start: Start, body: dict[str, Any], field: str) -> None:
    """What cannot be trained is 422 with the field's place, and no run comes about."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        answer = await service.http.post(RUNS, json=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["loc"] for error in answer.json()["errors"]] == [["body", field]]
        assert (await service.http.get(RUNS)).json()["items"] == []


async def test_a_basis_without_a_run_says_so(start: Start) -> None:
    """Clusters of a basis that was not trained are 404, of one that there is not 422."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        assert (await service.http.get(CLUSTERS, params={"basis": "interests"})).status_code == 404
        assert (await service.http.get(CLUSTERS, params={"basis": "looks"})).status_code == 422


@pytest.mark.parametrize("brand", ["United", "-united", "a" * 64, "uni ted", "uni%00ted"])
async def test_a_brand_is_a_slug(start: Start, brand: str) -> None:
    """Anything else in its place is 422."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        assert (await service.http.get(f"/v1/brands/{brand}/runs")).status_code == 422
        assert (await service.http.post(f"/v1/brands/{brand}/runs", json={})).status_code == 422


@pytest.mark.parametrize("run_id", ["nope", "NOPE", "%00", "x" * 200])
async def test_an_unknown_run_is_not_found(start: Start, run_id: str) -> None:
    """Whatever the id looks like, showing and cancelling an unknown run are 404."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        assert (await service.http.get(f"/v1/runs/{run_id}")).status_code == 404
        assert (await service.http.post(f"/v1/runs/{run_id}/cancel")).status_code == 404


async def test_runs_are_listed_newest_first_in_pages(start: Start) -> None:
    """Every run comes once, the newest first, without its cards; a foreign cursor or limit is 422."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        ids = [await trained(service, k=2, seed=seed) for seed in range(3)]
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        while query.get("cursor", "") is not None:
            page = (await service.http.get(RUNS, params=query)).json()
            assert all("clusters" not in run for run in page["items"])
            seen += [run["run_id"] for run in page["items"]]
            query["cursor"] = page["next_cursor"]
        assert seen == ids[::-1]
        for wrong in ({"limit": 0}, {"limit": 1001}, {"cursor": "nonsense"}):
            assert (await service.http.get(RUNS, params=wrong)).status_code == 422


async def test_a_second_run_with_other_parameters_is_a_conflict(start: Start) -> None:
    """An active run of another process answers same parameters with itself and others with 409."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        now = datetime.now(UTC)
        active = Run(run_id=new_run_id(now), brand=BRAND, request=RunRequest(k=2), submitted_at=now)
        await service.held.store.runs.submit(active, "another")
        same = await service.http.post(RUNS, json={"k": 2})
        assert (same.status_code, same.json()["run_id"]) == (202, active.run_id)
        assert (await service.http.post(RUNS, json={"k": 3})).status_code == 409
        cancelling = await service.http.post(f"/v1/runs/{active.run_id}/cancel")
        assert (cancelling.status_code, cancelling.json()["status"]) == (202, "queued")


async def test_ready_means_store_and_profiles(start: Start) -> None:
    """The service is ready while its store and profiles answer, and names profiles where they do not."""
    profiles = ProfilesStandIn(BRAND, [])
    async with start(profiles) as service:
        ready = await service.http.get("/readyz")
        assert ready.json()["dependencies"] == ["store", "profiles"]
        profiles.refuse["ready"] = 503
        unready = await service.http.get("/readyz")
        assert (unready.status_code, unready.json()["detail"]) == (503, "not ready: profiles")


async def test_runs_are_counted_by_their_end(start: Start) -> None:
    """The metrics count ended runs by status."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        await trained(service, k=2)
        unknown = await service.http.post("/v1/brands/unheard-of/runs")
        await service.held.trainer.ended(unknown.json()["run_id"])
        metrics = (await service.http.get("/metrics")).text
        assert 'voxpop_runs_total{basis="behaviour",status="succeeded"} 1.0' in metrics
        assert 'voxpop_runs_total{basis="behaviour",status="failed"} 1.0' in metrics


async def test_training_needs_the_write_scope(start: Start) -> None:
    """A key that may read sees runs, but neither starts nor cancels one."""
    secret = "a-key-that-reads"
    keys = f"reader:read:{digest_of(secret)}"
    async with start(ProfilesStandIn(BRAND, two_kinds(30)), api_keys=keys) as service:
        assert (await service.http.get(RUNS)).status_code == 401
        service.http.headers["authorization"] = f"Bearer {secret}"
        assert (await service.http.get(RUNS)).status_code == 200
        assert (await service.http.post(RUNS, json={})).status_code == 403
        assert (await service.http.post("/v1/runs/nope/cancel")).status_code == 403
