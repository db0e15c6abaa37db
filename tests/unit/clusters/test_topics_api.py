"""Topics over HTTP, next to a stand-in of profiles."""

import json
from typing import Any

import pytest

from services.clusters.runs.run import RunStatus, Stage
from services.clusters.runs.topic_steps import MODEL
from services.clusters.topics.model import TopicModel
from services.clusters.topics.topic import TopicMethod, TopicRequest
from tests.unit.clusters.authors import key, two_kinds
from tests.unit.clusters.conftest import BRAND, Service, Start, trained
from tests.unit.clusters.posts.rows import row
from tests.unit.clusters.profiles_stand_in import Gate, ProfilesStandIn
from tests.unit.clusters.topics.themed_posts import table_of, themed_posts

TOPICS = f"/v1/brands/{BRAND}/topics"


def posts_of(themes: int, each: int = 40, authors: int = 30) -> list[dict[str, Any]]:
    """Return themed posts as profiles tells them, each theme's by authors of its own."""
    posts = themed_posts(themes, each)
    for number, post in enumerate(posts):
        post["author_key"] = key(post["theme"] * authors + number // themes % authors)
    return [row(0, **{name: value for name, value in post.items() if name != "theme"}) for post in posts]


def brand(themes: int = 3) -> ProfilesStandIn:
    """Return a brand of authors of two kinds and posts about some themes."""
    profiles = ProfilesStandIn(BRAND, two_kinds(60))
    profiles.posts = [*posts_of(themes)]
    return profiles


async def found(service: Service, **request: Any) -> dict[str, Any]:
    """Find topics over HTTP and return what is shown of them."""
    answer = await service.http.post(TOPICS, json=request)
    assert answer.status_code == 202, answer.json()
    run = await service.held.trainer.ended(answer.json()["run_id"])
    assert run.status is RunStatus.SUCCEEDED, run.error
    asked = {name: value for name, value in request.items() if name != "seed"}
    shown: dict[str, Any] = (await service.http.get(TOPICS, params=asked)).json()
    assert shown["run_id"] == run.run_id
    return shown


@pytest.mark.parametrize("method", list(TopicMethod))
async def test_topics_are_found_and_shown_as_in_the_contract(start: Start, method: TopicMethod) -> None:
    """The run tells its kind, stages and count; the result has every field, and no NaN."""
    async with start(brand()) as service:
        shown = await found(service, method=method.value, seed=3)
        json.dumps(shown, allow_nan=False)
        assert {"method", "npmi", "diversity", "items", "over_time", "outliers"} <= shown.keys()
        assert (shown["method"], shown["cluster"], shown["basis"], shown["seed"]) == (method.value, None, None, 3)
        topic = shown["items"][0]
        assert {"id", "terms", "posts", "share", "mean_score", "trend"} <= topic.keys()
        assert {"term", "weight"} == topic["terms"][0].keys()
        run = (await service.http.get(f"/v1/runs/{shown['run_id']}")).json()
        assert (run["kind"], run["stage"], run["progress"]) == ("topics", "done", 1.0)
        assert (run["k"], run["reason"]) == (len(shown["items"]), shown["reason"])
        assert (await service.http.get(f"/v1/runs/{shown['run_id']}/plots")).status_code == 404
        assert (await service.http.get(f"/v1/runs/{shown['run_id']}/map")).status_code == 404
        listed = (await service.http.get(f"/v1/brands/{BRAND}/runs")).json()["items"]
        assert [one["run_id"] for one in listed] == [shown["run_id"]]


async def test_the_model_is_kept_for_posts_that_come_later(start: Start) -> None:
    """Beside the run, as an artifact; the next run's topics keep the ids of this one's."""
    profiles = brand()
    async with start(profiles) as service:
        shown = await found(service, method="embedding")
        content = await service.held.store.runs.artifacts.read(shown["run_id"], MODEL)
        assert content is not None
        ids = TopicModel.from_bytes(content).of(table_of(list(map(dict, profiles.posts)))).tolist()
        assert {topic["id"]: topic["posts"] for topic in shown["items"]} == {one: ids.count(one) for one in set(ids)}
        again = await found(service, method="embedding")
        names = {topic["id"]: topic["name"] for topic in shown["items"]}
        assert {topic["id"]: topic["name"] for topic in again["items"]} == names


async def test_a_cluster_has_topics_of_its_own(start: Start) -> None:
    """Of its members' posts alone; the brand's and other clusters' stay what they were."""
    profiles = brand(2)
    async with start(profiles) as service:
        await trained(service)
        clusters = profiles.clusters
        whole = await found(service, method="lda")
        part = await found(service, method="lda", cluster=0)
        assert (part["cluster"], part["basis"]) == (0, "behaviour")
        members = {author for author, cluster in clusters.items() if cluster == 0}
        assert part["posts"] == sum(post["author_key"] in members for post in profiles.posts) < whole["posts"]
        assert (await service.http.get(TOPICS, params={"method": "lda"})).json() == whole
        other = await service.http.get(TOPICS, params={"method": "lda", "cluster": 1})
        assert (other.status_code, '"cluster":1' in other.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({}, 422, "method"),
        ({"method": "guess"}, 422, "method"),
        ({"method": "lda", "basis": "taste"}, 422, "basis"),
        ({"method": "lda", "basis": "interests"}, 422, "give cluster too"),
        ({"method": "lda", "cluster": "x"}, 422, "cluster"),
        ({"method": "lda", "cluster": -1}, 422, "cluster"),
        ({"method": "lda", "seed": -1}, 422, "seed"),
        ({"method": "lda", "topics": 4}, 422, "topics"),
        ({"method": "lda", "cluster": 1}, 404, "no clusters by behaviour yet"),
    ],
)
async def test_what_cannot_be_asked_is_said(start: Start, body: dict[str, Any], status: int, sentence: str) -> None:
    """The field is named, and nothing is kept."""
    async with start(brand()) as service:
        answer = await service.http.post(TOPICS, json=body)
        assert (answer.status_code, sentence in answer.text) == (status, True)
        assert (await service.http.get(f"/v1/brands/{BRAND}/runs")).json()["items"] == []


async def test_a_cluster_that_there_is_not_is_named(start: Start) -> None:
    """With those that there are, when asked for and when shown; a basis alone is refused there, too."""
    async with start(brand()) as service:
        await trained(service)
        for answer in (
            await service.http.post(TOPICS, json={"method": "lda", "cluster": 7}),
            await service.http.get(TOPICS, params={"method": "lda", "cluster": 7}),
        ):
            assert (answer.status_code, "no cluster 7; it has 0, 1" in answer.json()["detail"]) == (404, True)
        assert (await service.http.get(TOPICS, params={"basis": "behaviour"})).status_code == 422
        missing = await service.http.get(TOPICS)
        assert (missing.status_code, '{"method":"embedding"}' in missing.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("posts", "request_", "sentence"),
    [
        ([], {"method": "lda"}, "0 authors"),
        (posts_of(2, 4), {"method": "lda"}, "8 authors"),
        ([post | {"embedding": None} for post in posts_of(2)], {"method": "embedding"}, "none of the posts has"),
    ],
)
async def test_a_run_without_topics_fails_with_a_sentence(
    start: Start, posts: list[dict[str, Any]], request_: dict[str, Any], sentence: str
) -> None:
    """It says what is missing; the topics of before stay shown."""
    profiles = brand()
    async with start(profiles) as service:
        before = await found(service, **request_)
        profiles.posts = [*posts]
        answer = await service.http.post(TOPICS, json=request_)
        run = await service.held.trainer.ended(answer.json()["run_id"])
        assert (run.status, sentence in str(run.error)) == (RunStatus.FAILED, True)
        assert (await service.http.get(TOPICS, params=request_)).json() == before


async def test_a_brand_that_nobody_knows_fails_with_a_sentence(start: Start) -> None:
    """As runs of clusters do."""
    async with start(brand()) as service:
        run = await service.held.trainer.submit("unheard", TopicRequest(method=TopicMethod.LDA))
        assert "nothing is known of the brand unheard" in str((await service.held.trainer.ended(run.run_id)).error)


async def test_one_run_at_a_time_for_the_same_posts_and_method(start: Start) -> None:
    """The same request is the active run, another seed is 409, another method may run beside."""
    profiles = brand()
    gate = profiles.gates["texts"] = Gate()
    async with start(profiles) as service:
        first = (await service.http.post(TOPICS, json={"method": "lda"})).json()
        await gate.reached.wait()
        assert (await service.http.post(TOPICS, json={"method": "lda"})).json()["run_id"] == first["run_id"]
        assert (await service.http.post(TOPICS, json={"method": "lda", "seed": 1})).status_code == 409
        other = await service.http.post(TOPICS, json={"method": "embedding"})
        assert other.status_code == 202
        for run_id in (first["run_id"], other.json()["run_id"]):
            await service.http.post(f"/v1/runs/{run_id}/cancel")
            assert (await service.held.trainer.ended(run_id)).status is RunStatus.CANCELLED
        assert (await service.http.get(TOPICS, params={"method": "lda"})).status_code == 404


async def test_earlier_topics_are_restored_and_deleted(start: Start) -> None:
    """As runs of clusters are, without a word to profiles: topics are shown from here."""
    profiles = brand()
    async with start(profiles) as service:
        first = await found(service, method="lda")
        second = await found(service, method="lda", seed=1)
        profiles.calls.clear()
        assert (await service.http.post(f"/v1/runs/{first['run_id']}/restore")).status_code == 200
        assert (await service.http.get(TOPICS, params={"method": "lda"})).json() == first
        assert (await service.http.delete(f"/v1/runs/{first['run_id']}")).status_code == 409
        assert (await service.http.delete(f"/v1/runs/{second['run_id']}")).status_code == 204
        assert await service.held.store.runs.artifacts.read(second["run_id"], MODEL) is None
        assert profiles.calls == []


async def test_topics_are_found_in_a_worker_process(start: Start) -> None:
    """Which tells how far it is; the stages of a run of topics come in their order."""
    async with start(brand(), processes=True) as service:
        run = await service.held.trainer.submit(BRAND, TopicRequest(method=TopicMethod.LDA))
        active = service.held.trainer._active[run.run_id]
        seen: list[Stage] = []
        while not active.run.ended and active.work is not None and not active.work.done():
            seen += [active.run.stage] if active.run.stage not in seen else []
            await active.moved.wait()
        assert (await service.held.trainer.ended(run.run_id)).status is RunStatus.SUCCEEDED
        order = [Stage.QUEUED, Stage.READING, Stage.SEARCHING, Stage.FITTING, Stage.DESCRIBING, Stage.DONE]
        assert [stage for stage in order if stage in seen] == seen
        assert Stage.SEARCHING in seen
