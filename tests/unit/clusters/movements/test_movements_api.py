"""Movements over HTTP, next to a stand-in of profiles."""

import json
from datetime import timedelta

import pytest

from services.clusters.runs.segment_posts import AT_ONCE, WAITING
from services.clusters.topics.topic import TopicMethod, TopicRequest
from tests.unit.clusters.authors import two_kinds
from tests.unit.clusters.conftest import BRAND, Start, trained
from tests.unit.clusters.posts.rows import START, row
from tests.unit.clusters.profiles_stand_in import Gate, ProfilesStandIn
from tests.unit.clusters.topics.themed_posts import themed_posts

MOVEMENTS = f"/v1/brands/{BRAND}/movements"


def moving_brand() -> ProfilesStandIn:
    """Return authors of two kinds; those of even numbers write of a strike on the second day, when they are more."""
    profiles = ProfilesStandIn(BRAND, two_kinds(80))
    for number in range(80):
        text = "legroom of seats and cabin" if number % 4 else "luggage at the gate and desk"
        if number % 2 or number < 20:
            profiles.posts.append(row(number, number, number % 24, text=text))
        more = " because of the strike" if number % 2 == 0 else ""
        profiles.posts.append(row(1000 + number, number, 24 + number % 24, text=text + more))
    return profiles


async def test_movements_are_told_as_in_the_contract(start: Start) -> None:
    """The segment that grew comes first, with its driver; periods are those of profiles; there is no NaN."""
    async with start(moving_brand()) as service:
        run = await trained(service)
        answer = await service.http.get(MOVEMENTS, params={"window": "1d"})
        assert answer.status_code == 200, answer.json()
        told = answer.json()
        json.dumps(told, allow_nan=False)
        assert (told["run_id"], told["basis"], told["before_run_id"]) == (run.run_id, "behaviour", None)
        assert (told["is_sample"], told["note"]) == (False, None)
        assert told["window"] == {
            "from": (START + timedelta(hours=24)).isoformat().replace("+00:00", "Z"),
            "to": (START + timedelta(hours=48)).isoformat().replace("+00:00", "Z"),
        }
        first = told["items"][0]
        assert (first["people_before"], first["people"]) == (10, 40)
        (change,) = first["changes"]
        assert (change["direction"], change["since"]) == ("grew", "window")
        assert "strike" in {driver["name"] for driver in change["terms"]}
        assert not told["items"][1]["changes"]


async def test_topics_that_were_found_drive_changes_too(start: Start) -> None:
    """They are named as the run of topics names them; a topic of the second day brings the people of that day."""
    profiles = moving_brand()
    posts = themed_posts(3, 40)
    for number, post in enumerate(posts):
        late = post["theme"] == 0
        person, day = (20 + number // 3 * 2, 1) if late else (number % 20, number // 3 % 2)
        profiles.posts[number:] = [row(number, person % 80, 24 * day, text=post["text"])]
    async with start(profiles) as service:
        await trained(service)
        topics = await service.held.trainer.submit(BRAND, TopicRequest(method=TopicMethod.LDA))
        assert (await service.held.trainer.ended(topics.run_id)).error is None
        told = (await service.http.get(MOVEMENTS, params={"window": "1d"})).json()
        found = (await service.http.get(f"/v1/brands/{BRAND}/topics?method=lda")).json()["items"]
        (change,) = told["items"][0]["changes"]
        assert change["direction"] == "grew"
        assert next(driver["name"] for driver in change["topics"]) in {one["name"] for one in found}


async def test_without_a_run_the_answer_says_how_to_get_one(start: Start) -> None:
    """404 with the remedy; also where profiles has no post of the brand by now."""
    profiles = moving_brand()
    async with start(profiles) as service:
        answer = await service.http.get(MOVEMENTS)
        assert (answer.status_code, "POST" in answer.json()["detail"]) == (404, True)
        await trained(service)
        profiles.posts = []
        answer = await service.http.get(MOVEMENTS)
        assert (answer.status_code, "ingest" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize("window", ["7", "0d", "7w", "-1d", "99999d"])
async def test_what_is_no_window_is_refused(start: Start, window: str) -> None:
    """422 that names the field."""
    async with start(moving_brand()) as service:
        await trained(service)
        answer = await service.http.get(MOVEMENTS, params={"window": window})
        assert (answer.status_code, "window" in str(answer.json())) == (422, True)


async def test_a_window_that_profiles_refuses_is_refused(start: Start) -> None:
    """Its limits are those of analytics."""
    profiles = moving_brand()
    profiles.refuse["summary"] = 422
    async with start(profiles) as service:
        await trained(service)
        answer = await service.http.get(MOVEMENTS, params={"window": "9999d"})
        assert (answer.status_code, "366 days" in answer.json()["detail"]) == (422, True)


async def test_members_of_a_run_are_read_once_for_several_answers(start: Start) -> None:
    """They stay for a minute; posts are read anew."""
    profiles = moving_brand()
    async with start(profiles) as service:
        await trained(service)
        first = (await service.http.get(MOVEMENTS, params={"window": "1d"})).json()
        asked = profiles.calls.count("assignments")
        assert (await service.http.get(MOVEMENTS, params={"window": "1d"})).json() == first
        assert profiles.calls.count("assignments") == asked


async def test_callers_past_a_bound_are_told_to_come_back(start: Start) -> None:
    """Posts of few callers are in memory at a time, and few wait for them."""
    profiles = moving_brand()
    async with start(profiles) as service:
        run = await trained(service)
        gate = profiles.gates["texts"] = Gate()
        service.held.segments._callers = AT_ONCE + WAITING
        answer = await service.http.get(MOVEMENTS)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert not gate.reached.is_set()
        assert run.status == "succeeded"
