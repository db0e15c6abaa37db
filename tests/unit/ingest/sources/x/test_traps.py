"""What unmodified tweepy does to its callers, one trap a test, against the sandbox over TLS."""

import asyncio
import logging
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from sandbox.credentials import make_certificate
from sandbox.sandbox import Sandbox
from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.errors import XError
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.transport import XTransport
from tests.contract.source_network import listening
from tests.unit.ingest.sources.x.networks import SandboxNetwork
from tests.unit.ingest.sources.x.surroundings import TwoClocks


async def client_of(sandbox: Sandbox, clock: TwoClocks, ca: Path | None = None) -> XClient:
    """Return a client that reads from a sandbox."""
    way = await XTransport.by(XSettings(x_sandbox=sandbox.address, x_sandbox_ca=ca or sandbox.ca))
    return XClient(way, clock, sandbox.credentials.bearer_token)


async def test_tweepy_reaches_the_sandbox_as_api_twitter_com(sandbox: Sandbox, clock: TwoClocks) -> None:
    """Its hard-coded host leads to the sandbox, whose certificate is checked for that name."""
    client = await client_of(sandbox, clock)
    assert await client.rules() == []
    await client.aclose()
    assert sandbox.requests["rules"] == 1


async def test_another_certificate_is_not_trusted(sandbox: Sandbox, clock: TwoClocks, tmp_path: Path) -> None:
    """A server that shows another's certificate gets no token."""
    other, _ = make_certificate(tmp_path / "other")
    client = await client_of(sandbox, clock, other)
    with pytest.raises(XError) as raised:
        await client.rules()
    await client.aclose()
    assert (raised.value.kind, raised.value.was_sent, sandbox.requests["rules"]) == ("away", False, 0)


async def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    """The sentence names the variable."""
    with pytest.raises(SourceRefusedError, match="X_SANDBOX_CA"):
        await XTransport.by(XSettings(x_sandbox="127.0.0.1:1", x_sandbox_ca=tmp_path / "nothing.pem"))


async def test_each_connection_has_a_fresh_session(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """Tweepy closes a session after each connection; the next connection works all the same."""
    async with listening(network) as listener:
        for _ in range(3):
            opened = len(sandbox.connected_at)
            sandbox.order("stream", "cut")
            await listener.until(lambda: len(sandbox.connected_at) > opened and bool(sandbox.connections))  # noqa: B023
        ids = await network.publish(["after three sessions"])
        await listener.until(lambda: listener.ids >= set(ids))


async def test_a_rule_without_a_tag_does_not_end_the_stream(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """A match of another client's rule without a tag, at which tweepy raises KeyError, passes."""
    sandbox.rules.change({"add": [{"value": "hello"}]})
    async with listening(network) as listener:
        ids = await network.publish(["hello there"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert len(sandbox.connected_at) == 1


async def test_our_rules_are_tagged(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """Every rule that is added has the tag of its brand."""
    async with listening(network):
        assert [rule["tag"] for rule in sandbox.rules.written()["data"]] == ["voxpop:brand:1"]


async def test_times_that_tweepy_cannot_parse_pass(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """A time without a zone or milliseconds, at which tweepy's model raises, is read as UTC."""
    async with listening(network) as listener:
        post = sandbox.publish("a post", extra={"created_at": "2026-03-02T11:59:58"})
        await listener.until(lambda: listener.ids >= {str(post.id)})
        assert listener.posts[0].created_at.isoformat() == "2026-03-02T11:59:58+00:00"
        assert len(sandbox.connected_at) == 1


@pytest.mark.parametrize("place", ["rules", "search"])
async def test_an_error_that_is_no_json_is_told_from_its_status(sandbox: Sandbox, clock: TwoClocks, place: str) -> None:
    """A page of HTML, at which tweepy raises ContentTypeError, is an outage and shows nothing of the page."""
    client = await client_of(sandbox, clock)
    sandbox.order(place, "html-503")  # type: ignore[arg-type]
    with pytest.raises(XError) as raised:
        await (client.rules() if place == "rules" else client.search("hello"))
    await client.aclose()
    assert (raised.value.kind, raised.value.sentence) == ("away", "X answered 503")


@pytest.mark.parametrize("text", ["", "[]", '{"data":', '"words"', "null", '{"data": 7, "meta": [1]}', '{"errors": 7}'])
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_strange_bodies_never_raise_anything_else(
    sandbox: Sandbox, clock: TwoClocks, text: str, status: int
) -> None:
    """Whatever JSON or none an answer holds, a request returns an object or raises XError."""
    client = await client_of(sandbox, clock)
    headers = {"content-type": "application/json", "x-rate-limit-reset": "soon"}
    sandbox.order("rules", "answer", status=status, headers=headers, text=text)
    outcome = await asyncio.gather(client.rules(), return_exceptions=True)
    await client.aclose()
    assert isinstance(outcome[0], (list, XError))


async def test_a_429_without_a_time_waits_a_minute(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """Tweepy would ask again at once, for ever; here the next connection comes a minute later."""
    async with listening(network) as listener:
        sandbox.order("connect", "rate-limit-no-reset")
        sandbox.order("stream", "cut")
        await listener.until(lambda: len(sandbox.connected_at) >= 3)
        assert sandbox.connected_at[2] - sandbox.connected_at[1] >= 60


async def test_a_429_with_a_time_waits_until_then(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """The header `x-rate-limit-reset` is kept, to the second."""
    async with listening(network) as listener:
        sandbox.order("connect", "rate-limit", seconds=200.0)
        sandbox.order("stream", "cut")
        await listener.until(lambda: len(sandbox.connected_at) >= 3)
        assert 200 <= sandbox.connected_at[2] - sandbox.connected_at[1] <= 204


@pytest.mark.parametrize("kind", ["not-enrolled", "access-level"])
async def test_a_plan_without_streaming_is_polled(network: SandboxNetwork, sandbox: Sandbox, kind: str) -> None:
    """403 `client-not-enrolled` and code 453 are said in words; posts come by search, and in an hour it asks again."""
    sandbox.faults.stand("connect", kind)  # type: ignore[arg-type]
    async with listening(network) as listener:
        ids = await network.publish(["one", "two"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert "your X plan has no streaming; polling search every 60 s instead" in network.report.sentences
        await network.clock.advance(3660)
        await network.clock.until(lambda: len(sandbox.connected_at) == 2)
        assert 10 < len(sandbox.searched_at) <= 3800 / 60
        # The sandbox notes a connection when it arrives, seconds of virtual time after it was begun.
        assert sandbox.connected_at[1] - sandbox.connected_at[0] >= 3590


async def test_a_clean_end_is_paced(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """A 200 that ends properly, after which tweepy connects again without a pause, is followed by growing waits."""
    async with listening(network) as listener:
        await network.hang_up()
        await listener.until(lambda: len(sandbox.connected_at) >= 7)
        gaps = [later - earlier for earlier, later in pairwise(sandbox.connected_at)]
        assert min(gaps) >= 1
        assert max(gaps) > 2


async def test_an_exception_of_ours_is_raised(sandbox: Sandbox, clock: TwoClocks) -> None:
    """Tweepy swallows what a callback raises and ends; here it comes out of `listen`."""

    async def opened() -> None:
        raise ZeroDivisionError

    async def line(_: bytes) -> None:
        """Nothing comes."""

    client = await client_of(sandbox, clock)
    with pytest.raises(ZeroDivisionError):
        await client.listen(opened, line)
    await client.aclose()


async def test_a_wrong_token_names_its_variable(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """401 is one sentence that names X_BEARER_TOKEN and does not hold it."""
    await network.refuse()
    with pytest.raises(CredentialError, match="X_BEARER_TOKEN") as raised:
        async with listening(network) as listener:
            await listener.until(lambda: False)
    assert sandbox.credentials.bearer_token not in str(raised.value)


async def test_tweepy_logs_nothing(network: SandboxNetwork, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG tweepy writes tokens, and at ERROR what X answered: neither is logged."""
    caplog.set_level(logging.DEBUG)
    async with listening(network) as listener:
        sandbox.order("connect", "html-503")
        sandbox.order("stream", "drop")
        ids = await network.publish(["cut in its middle"])
        await listener.until(lambda: listener.ids >= set(ids))
    written = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("tweepy"))
    assert not written
    assert SecretStr(sandbox.credentials.bearer_token).get_secret_value() not in caplog.text
