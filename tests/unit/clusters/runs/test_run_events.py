"""A run's progress as server-sent events."""

import json
from typing import Any

from services.clusters.runs.run import Run, RunStatus, Stage
from services.clusters.runs.run_events import HEARTBEAT, MOST_WATCHED, RunEvents
from tests.unit.clusters.authors import two_kinds
from tests.unit.clusters.conftest import BRAND, K2, Service, Start, trained
from tests.unit.clusters.profiles_stand_in import Gate, ProfilesStandIn


def events_in(stream: str) -> list[tuple[str, dict[str, Any]]]:
    """Return kind and data of each event of a stream."""
    found = []
    for block in stream.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "data" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


async def watched(service: Service, run_id: str, **headers: str) -> list[tuple[str, dict[str, Any]]]:
    """Return a run's events to its end."""
    answer = await service.http.get(f"/v1/runs/{run_id}/events", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    return events_in(answer.text)


async def test_a_run_is_told_from_its_state_to_its_end(start: Start) -> None:
    """The state comes first, progress never goes back, the last event is the end, and the stream closes."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles) as service:
        run = await service.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()
        following = service.held.events._following

        async def opening(run: Run) -> tuple[Run, float]:
            gate.opened.set()
            return await following(run)

        service.held.events._following = opening  # type: ignore[method-assign]
        found = await watched(service, run.run_id)
        assert found[0][1]["stage"] == Stage.READING
        assert [kind for kind, _ in found] == ["progress"] * (len(found) - 1) + ["end"]
        progress = [told["progress"] for _, told in found]
        assert progress == sorted(progress)
        assert found[-1][1] == {
            "run_id": run.run_id, "status": "succeeded", "stage": "done", "progress": 1.0, "error": None
        }  # fmt: skip
        assert service.held.events._open == 0


async def test_an_ended_run_tells_its_end_at_once(start: Start) -> None:
    """Also to one who has seen it: a stream that comes back after the end closes again."""
    async with start(ProfilesStandIn(BRAND, two_kinds(3))) as service:
        run = await trained(service)
        for headers in ({}, {"last-event-id": "1000000-done-failed"}, {"last-event-id": "nonsense"}):
            [(kind, told)] = await watched(service, run.run_id, **headers)
            assert (kind, told["status"], "at least 10" in told["error"]) == ("end", "failed", True)
        assert (await service.http.get("/v1/runs/nope/events")).status_code == 404


async def test_a_run_of_another_replica_is_followed_in_the_store(start: Start) -> None:
    """A replica that does not have the run looks for it and tells the same end."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles) as owner, start(profiles) as other:
        run = await owner.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()

        class Clock:
            async def sleep(self, _: float) -> None:
                gate.opened.set()
                await owner.held.trainer.ended(run.run_id)

        other.held.events._clock = Clock()  # type: ignore[assignment]
        found = await watched(other, run.run_id)
        assert (found[0][0], found[-1][0], found[-1][1]["status"]) == ("progress", "end", "succeeded")


async def test_a_state_that_was_seen_is_not_told_again(start: Start) -> None:
    """A client that comes back names the last event, and gets the next; while nothing changes, a comment."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    gate = profiles.gates["features"] = Gate()
    async with start(profiles) as service:
        run = await service.held.trainer.submit(BRAND, K2)
        await gate.reached.wait()
        state = await service.held.store.runs.find(run.run_id)
        events = RunEvents(service.held.store.runs, service.held.trainer, service.held.events._clock)
        first = [await anext(stream := events.of(state, None)), await anext(stream)][1]
        await stream.aclose()
        seen = first.splitlines()[0].removeprefix("id: ")

        async def nothing(run: Run) -> tuple[Run, float]:
            return run, HEARTBEAT

        events._following = nothing  # type: ignore[method-assign]
        again = events.of(state, seen)
        assert [await anext(again), await anext(again)] == ["retry: 2000\n\n", ": alive\n\n"]
        assert events._open == 1
        await again.aclose()
        assert events._open == 0
        await service.held.trainer.cancel(run.run_id)
        assert (await service.held.trainer.ended(run.run_id)).status is RunStatus.CANCELLED


async def test_streams_are_bounded(start: Start) -> None:
    """One more than may be open is 503 with the way to do without."""
    async with start(ProfilesStandIn(BRAND, two_kinds(30))) as service:
        run = await trained(service)
        service.held.events._open = MOST_WATCHED
        answer = await service.http.get(f"/v1/runs/{run.run_id}/events")
        assert (answer.status_code, "poll" in answer.json()["detail"]) == (503, True)
        assert answer.headers["retry-after"]


async def test_a_run_that_is_deleted_meanwhile_ends_its_stream(start: Start) -> None:
    """There is no more to tell, and nothing is raised into an answer that has begun."""
    profiles = ProfilesStandIn(BRAND, two_kinds(30))
    async with start(profiles) as service:
        gone = (await trained(service)).model_copy(update={"run_id": "gone", "status": RunStatus.RUNNING})
        told = [text async for text in service.held.events.of(gone, None)]
        assert len(told) == 2
