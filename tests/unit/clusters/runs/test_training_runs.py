"""Runs from submission to their end, against a profiles service over ASGI."""

from pathlib import Path

import pytest

from services.clusters.bases.basis import Basis
from services.clusters.runs.run import RunRequest, RunStatus, Stage
from shared.errors import ConflictError, OverloadedError
from tests.unit.clusters.authors import key, travellers, two_kinds
from tests.unit.clusters.conftest import BRAND, K2, Start, trained
from tests.unit.clusters.profiles_stand_in import Gate, ProfilesStandIn


async def test_a_run_assigns_every_author_and_becomes_current(start: Start) -> None:
    """All pages are read, each author gets a cluster that has a card, and the run is served."""
    profiles = ProfilesStandIn(BRAND, travellers(95))
    async with start(profiles, page_rows=10) as service:
        run = await trained(service, RunRequest())
        assert (run.status, run.stage, run.progress, run.error) == (RunStatus.SUCCEEDED, Stage.DONE, 1.0, None)
        assert profiles.calls.count("features") == 10
        assert set(profiles.clusters) == {row["author_key"] for row in profiles.rows}
        assert set(profiles.clusters.values()) == {cluster.id for cluster in run.clusters}
        assert run.authors == 95
        assert run.k == len(run.clusters)
        assert run.started_at is not None
        assert await service.held.store.runs.current(BRAND, Basis.BEHAVIOUR) == run


async def test_the_size_of_pages_changes_nothing(start: Start, tmp_path: Path) -> None:
    """The same authors in pages of 7 and in one page get the same clusters."""
    people = travellers(80)
    found = []
    for rows in (7, 20_000):
        profiles = ProfilesStandIn(BRAND, people)
        async with start(profiles, page_rows=rows, data_dir=tmp_path / str(rows)) as service:
            run = await trained(service, RunRequest(seed=5))
            found.append((profiles.clusters, run.clusters, run.scores))
    assert found[0] == found[1]


async def test_ids_stay_with_people_across_runs(start: Start) -> None:
    """A second run with another seed gives everybody the cluster id they had."""
    profiles = ProfilesStandIn(BRAND, two_kinds(40))
    async with start(profiles) as service:
        await trained(service)
        swapped = {author_key: 5 - cluster for author_key, cluster in profiles.clusters.items()}
        [run_id] = profiles.staged
        profiles.staged[run_id] = swapped
        run = await trained(service, RunRequest(k=2, seed=8))
        assert run.status is RunStatus.SUCCEEDED
        assert profiles.clusters == swapped


@pytest.mark.parametrize(
    ("operation", "status", "sentence"),
    [
        ("features", 503, "profiles is not available"),
        ("features", 500, "profiles refused the call with 500"),
        ("assignments", 503, "profiles is not available"),
        ("stage", 503, "profiles is not available"),
        ("publish", 409, "did not publish the clusters"),
        ("publish", 503, "profiles is not available"),
    ],
)
async def test_a_failure_of_profiles_leaves_the_run_before_served(
    start: Start, operation: str, status: int, sentence: str
) -> None:
    """Wherever profiles fails, the run fails with a sentence; clusters and assignments stay those of before."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        good = await trained(service)
        shown = dict(profiles.clusters)
        profiles.refuse[operation] = status
        bad = await trained(service, RunRequest(k=3))
        assert bad.status is RunStatus.FAILED
        assert sentence in (bad.error or "")
        assert bad.ended_at is not None
        assert await service.held.store.runs.current(BRAND, Basis.BEHAVIOUR) == good
        assert profiles.clusters == shown
        profiles.refuse.clear()
        assert (await trained(service, RunRequest(k=3))).status is RunStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ([], "nothing is known of the brand united"),
        (travellers(3), "has 3 authors"),
    ],
)
async def test_a_brand_that_cannot_be_grouped_fails_with_a_sentence(
    start: Start, people: list[dict[str, object]], sentence: str
) -> None:
    """No posts or three authors: the run fails and says why; nothing is staged."""
    profiles = ProfilesStandIn(BRAND, people)
    async with start(profiles) as service:
        run = await trained(service, RunRequest())
        assert run.status is RunStatus.FAILED
        assert sentence in (run.error or "")
        assert profiles.staged == {}


async def test_authors_erased_meanwhile_do_not_stop_a_run(start: Start) -> None:
    """Profiles that are gone when clusters are staged are left out, the others published."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    profiles.erased = {key(3)}
    async with start(profiles) as service:
        assert (await trained(service)).status is RunStatus.SUCCEEDED
        assert len(profiles.clusters) == 29


async def test_an_author_erased_before_publishing_does_not_stop_a_run(start: Start) -> None:
    """Profiles holds one fewer than was staged: the others are staged again and published without that author."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    profiles.erased_later = {key(3)}
    async with start(profiles) as service:
        assert (await trained(service)).status is RunStatus.SUCCEEDED
        assert len(profiles.clusters) == 29
        assert key(3) not in profiles.clusters
        assert profiles.calls.count("publish") == 2


async def test_features_that_are_no_arrow_stream_fail_with_a_sentence(start: Start) -> None:
    """Bytes that are not Arrow end the run with a sentence, not a traceback."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    profiles.refuse["features"] = 200
    async with start(profiles) as service:
        run = await trained(service)
        assert "not an Arrow stream" in (run.error or "")


async def test_pages_that_do_not_advance_end_the_run(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that gives the same cursor again is not asked for ever."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    monkeypatch.setattr(profiles, "_after", lambda *_: (profiles.rows[:10], key(9)))
    async with start(profiles, page_rows=10) as service:
        run = await trained(service)
        assert "do not advance" in (run.error or "")
        assert profiles.calls == ["features", "features"]


async def test_an_unforeseen_error_fails_the_run_without_its_words(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect ends the run with a sentence that quotes nothing, and the next run works."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))

    def broken(*_: object) -> None:
        raise RuntimeError("row 17 says secret")

    async with start(profiles) as service:
        with monkeypatch.context() as patched:
            patched.setattr("services.clusters.runs.run_steps.train_file", broken)
            run = await trained(service)
        assert run.status is RunStatus.FAILED
        assert "unexpectedly" in (run.error or "")
        assert "secret" not in (run.error or "")
        assert (await trained(service)).status is RunStatus.SUCCEEDED


async def test_one_run_at_a_time_for_a_brand(start: Start) -> None:
    """While a run is on, the same parameters return it and others are a conflict; another brand is free."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles, queued_runs=1) as service, start(profiles) as other:
        trainer = service.held.trainer
        run = await trainer.submit(BRAND, K2)
        await gate.reached.wait()
        for replica in (trainer, other.held.trainer):
            assert (await replica.submit(BRAND, K2)).run_id == run.run_id
            with pytest.raises(ConflictError, match=run.run_id):
                await replica.submit(BRAND, RunRequest(k=3))
        await trainer.submit("delta", K2)
        assert (await trainer.submit(BRAND, K2)).run_id == run.run_id
        with pytest.raises(OverloadedError):
            await trainer.submit("southwest", K2)
        gate.opened.set()
        assert (await trainer.ended(run.run_id)).status is RunStatus.SUCCEEDED
