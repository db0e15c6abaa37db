"""The typed clients of profiles and sentiment: what they send, and answers that they cannot read."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from shared.errors import PeerRefusedError
from shared.profiles_peer import ProfilesPeer
from shared.sentiment_peer import SentimentPeer
from shared.settings import ServiceSettings

KEY = "0123456789abcdef-services-own-key-0123456789"


def answering(content: bytes, seen: list[httpx.Request] | None = None) -> httpx.AsyncClient:
    """Return a client whose every answer is `content`."""

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(200, content=content)

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


CALLS: dict[str, Callable[[ProfilesPeer], Awaitable[Any]]] = {
    "counted": lambda profiles: profiles.counted("acme", ["0" * 32]),
    "fold": lambda profiles: profiles.fold("acme", []),
    "remove": lambda profiles: profiles.remove("acme", [], early=True),
    "erase": lambda profiles: profiles.erase("0" * 32),
    "assigned": lambda profiles: profiles.assigned("acme", "behaviour", 10, None),
    "stage": lambda profiles: profiles.stage("acme", "run", "behaviour", {}),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("content", [b"{}", b"not json", b'{"items": 1, "counted": 2, "folded": null}'])
async def test_an_answer_of_profiles_that_cannot_be_read_is_refused(call: str, content: bytes) -> None:
    """The error names the peer, whatever the answer was."""
    async with answering(content) as http:
        with pytest.raises(PeerRefusedError, match="profiles gave an answer") as refused:
            await CALLS[call](ProfilesPeer("profiles", "http://profiles", http))
    assert refused.value.status == 200


@pytest.mark.parametrize("content", [b"{}", b"not json", b'{"results": [1]}', b'{"results": []}'])
async def test_an_answer_of_sentiment_that_cannot_be_read_is_refused(content: bytes) -> None:
    """So is an answer for another number of texts."""
    async with answering(content) as http:
        with pytest.raises(PeerRefusedError, match=r"sentiment (gave an answer|answered for another number)"):
            await SentimentPeer("sentiment", "http://sentiment", http).analyze(["fine"], ["sentiment"])


async def test_texts_go_to_sentiment_with_what_is_known_of_them() -> None:
    """What was not given is left out of the body, and the embedding version comes back with the analyses."""
    seen: list[httpx.Request] = []
    async with answering(b'{"results": [], "embedding_version": "v1"}', seen) as http:
        found = await SentimentPeer("sentiment", "http://sentiment", http).analyze([], ["category"], category_set="a")
    assert (found.results, found.embedding_version) == ([], "v1")
    assert json.loads(seen[0].content) == {"texts": [], "features": ["category"], "category_set": "a"}


async def test_a_peer_is_where_the_settings_say_and_gets_the_services_own_key() -> None:
    """Its URL is the setting of its name."""
    seen: list[httpx.Request] = []
    settings = ServiceSettings(_env_file=None, profiles_url="http://elsewhere/", service_key=SecretStr(KEY))
    async with answering(b'{"counted": []}', seen) as http:
        await ProfilesPeer.named("profiles", settings, http).counted("acme", [])
    assert str(seen[0].url) == "http://elsewhere/v1/brands/acme/posts/counted"
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"
