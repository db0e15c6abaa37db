"""Runs by what people write about, against a profiles service over ASGI."""

from services.clusters.runs.run import RunRequest, RunStatus
from tests.unit.clusters.authors import key, travellers
from tests.unit.clusters.conftest import BRAND, Start, trained
from tests.unit.clusters.interests import VERSION, kinds, writers
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn


async def test_a_run_by_interests_groups_who_write_about_the_same(start: Start) -> None:
    """Four kinds of writers are four clusters; those who cannot be compared are in none, and the run counts them."""
    rows = writers(28, {5: None, 6: "older"}).to_pylist()
    rows[9]["is_unknown"] = True
    profiles = ProfilesStandIn(BRAND, rows)
    async with start(profiles, page_rows=7) as service:
        run = await trained(service, RunRequest.model_validate({"basis": "interests", "k": 4}))
        assert (run.status, run.error, run.authors) == (RunStatus.SUCCEEDED, None, 25)
        assert run.authors_left_out.model_dump() == {"unknown_people": 1, "without_embedding": 2}
        assert (run.embedding_version, run.features) == (VERSION, ["embedding"])
        assert profiles.clusters.keys().isdisjoint({key(5), key(6), key(9)})
        found = set(zip(kinds(28), map(profiles.clusters.get, map(key, range(28))), strict=True))
        assert len({pair for pair in found if pair[1] is not None}) == 4


async def test_a_combined_run_follows_its_weight(start: Start) -> None:
    """With all weight on interests the clusters are theirs; in a run by behaviour nothing is asked of embeddings."""
    profiles = ProfilesStandIn(BRAND, writers(28).to_pylist())
    async with start(profiles) as service:
        request = RunRequest.model_validate({"basis": "combined", "k": 4, "weight": 1.0})
        run = await trained(service, request)
        assert (run.status, run.training.weight) == (RunStatus.SUCCEEDED, 1.0)
        assert {"posts", "embedding"} <= set(run.features)
        assert len(set(zip(kinds(28), map(profiles.clusters.get, map(key, range(28))), strict=True))) == 4


async def test_a_brand_without_embeddings_says_so(start: Start) -> None:
    """A run by interests fails with a sentence that names the remedy."""
    async with start(ProfilesStandIn(BRAND, travellers(30))) as service:
        run = await trained(service, RunRequest.model_validate({"basis": "interests"}))
        assert run.status is RunStatus.FAILED
        assert run.error is not None
        assert "train by behaviour" in run.error
