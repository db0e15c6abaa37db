"""Exemplary posts over HTTP."""

from services.clusters.settings import ClustersSettings
from shared.access import digest_of
from tests.unit.clusters.authors import key, two_kinds
from tests.unit.clusters.conftest import Start
from tests.unit.clusters.posts.rows import row
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn
from tests.unit.clusters.test_api import BRAND, CLUSTERS, trained

WORDS = [f"{first}{second}" for first in ("red", "blue", "green") for second in ("bag", "seat", "gate", "desk")]


def writing_people() -> ProfilesStandIn:
    """Return 40 authors of two kinds, each with a post of their own about bags or seats."""
    profiles = ProfilesStandIn(BRAND, two_kinds(40))
    for number in range(40):
        topic = "suitcase" if number % 2 else "legroom"
        text = f"{topic} {WORDS[number % 12]} {WORDS[(number // 12) * 3]} luggage cabin"
        direction = [1.0, 0.0] if number % 2 else [0.0, 1.0]
        profiles.posts.append(row(1000 + number, number, text=text, embedding=direction, embedding_version="made-up/1"))
    return profiles


async def test_posts_stand_for_a_cluster_where_they_are_on(start: Start) -> None:
    """Their texts come from profiles at the moment, without authors; what was taken away since then is not told."""
    profiles = writing_people()
    async with start(profiles, example_posts=3) as service:
        await trained(service, k=2)
        card = (await service.http.get(f"{CLUSTERS}/0")).json()
        assert "examples" not in card
        assert {"legroom", "suitcase"} & {term["term"] for term in card["top_terms"]}
        shown = (await service.http.get(f"{CLUSTERS}/0/examples")).json()
        assert len(shown["items"]) == 3
        assert shown["items"][0].keys() == {"post_key", "text", "language"}
        assert not any(key(number) in str(shown) for number in range(40))
        profiles.posts = [post for post in profiles.posts if post["post_key"] != shown["items"][0]["post_key"]]
        assert (await service.http.get(f"{CLUSTERS}/0/examples")).json()["items"] == shown["items"][1:]
        assert (await service.http.get(f"{CLUSTERS}/9/examples")).status_code == 404


async def test_they_are_off_by_default(start: Start) -> None:
    """The answer says how they are turned on, and the run kept no key of a post."""
    async with start(writing_people()) as service:
        run_id = await trained(service, k=2)
        answer = await service.http.get(f"{CLUSTERS}/0/examples")
        assert (answer.status_code, "CLUSTERS_EXAMPLE_POSTS" in answer.json()["detail"]) == (404, True)
        assert (await service.held.store.runs.find(run_id)).examples == {}
    assert ClustersSettings(api_keys="").example_posts == 0


async def test_they_need_the_scope_evidence(start: Start) -> None:
    """A key that may read the cards alone is refused."""
    keys = f"reader:read:{digest_of('r' * 40)},witness:read+evidence:{digest_of('w' * 40)}"
    async with start(writing_people(), api_keys=keys, example_posts=2) as service:
        for secret, status in (("r" * 40, 403), ("w" * 40, 404)):
            answer = await service.http.get(f"{CLUSTERS}/0/examples", headers={"authorization": f"Bearer {secret}"})
            assert answer.status_code == status
