"""Who speaks: people, or the brand itself, from a source's post to what profiles gets."""

import httpx
import pytest

from services.ingest.post import parse_post
from shared.analyzed_post import AnalyzedPost
from tests.unit.ingest.conftest import Peers
from tests.unit.ingest.posts import NOW, a_post


async def test_the_voice_of_a_post_reaches_profiles(http: httpx.AsyncClient, peers: Peers) -> None:
    """An internal post is folded as one; a post that says nothing of it is external."""
    posts = [a_post(1, voice="internal"), a_post(2)]
    answer = await http.post("/v1/posts", json={"brand": "aerolume", "posts": posts})
    assert answer.json()["accepted"] == 2
    assert [post["voice"] for post in peers.folded.values()] == ["internal", "external"]


@pytest.mark.parametrize("voice", ["inner", None, 1])
def test_another_voice_is_refused(voice: object) -> None:
    """There are two voices, and the reason names the field."""
    reason = parse_post(a_post(voice=voice), NOW)
    assert isinstance(reason, str)
    assert reason.startswith("voice:")


def test_a_delivery_without_a_voice_is_external() -> None:
    """What was delivered before there were voices is read as people's."""
    assert AnalyzedPost.model_fields["voice"].default == "external"
