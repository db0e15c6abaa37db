"""X's batch compliance, against a local server that speaks it."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.x.compliance import BATCH_SECONDS, XCompliance
from shared.errors import PeerUnavailableError
from tests.servers.x_compliance import TOKEN, ComplianceServer
from tests.unit.ingest.virtual_clock import VirtualClock

IDS = [str(2**60 + number) for number in range(6)]


@pytest.fixture
async def server() -> AsyncIterator[ComplianceServer]:
    """Yield a server."""
    async with ComplianceServer() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client."""
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def asked(
    server: ComplianceServer, http: httpx.AsyncClient, ids: list[str] = IDS, token: str = TOKEN
) -> dict[str, str]:
    """Return what X says is gone; its waits take no time."""
    clock = VirtualClock()
    task = asyncio.ensure_future(XCompliance(http, SecretStr(token), clock, server.url).gone(ids))
    await clock.until(task.done, step=5.0, limit=2 * BATCH_SECONDS)
    return dict(task.result())


async def test_posts_that_are_gone_are_named_with_the_reason(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """Deleted posts, and those of accounts that are hidden, are told apart; one that lost its place is not gone."""
    reasons = ["deleted", "protected", "deactivated", "suspended", "scrub_geo"]
    server.gone = dict(zip(IDS, reasons, strict=False))
    assert await asked(server, http) == {
        IDS[0]: "deleted",
        IDS[1]: "protected",
        IDS[2]: "protected",
        IDS[3]: "protected",
    }
    assert server.batches == [IDS]


async def test_the_storage_is_shown_no_token(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """Upload and download carry no authorization, and nothing that can be printed carries the token."""
    await asked(server, http)
    assert server.storage_tokens == []
    assert TOKEN not in repr(vars(XCompliance(http, SecretStr(TOKEN), VirtualClock())))


async def test_a_batch_is_waited_for(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """A batch that takes its time is looked at again, ever more rarely."""
    server.looks, server.gone = 9, {IDS[2]: "deleted"}
    assert await asked(server, http) == {IDS[2]: "deleted"}


async def test_nothing_is_asked_about_nothing(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """Without ids there is no batch."""
    assert await asked(server, http, []) == {}
    assert server.batches == []


async def test_lines_that_cannot_be_read_are_passed_over(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """Truncated JSON, other shapes, other bytes and ids that were not asked for spoil nothing."""
    server.gone = {IDS[1]: "deleted"}
    server.extra = [
        b"",
        b'{"id": "1',
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"action": "delete"}',
        b'{"id": ["1"], "action": "delete"}',
        json.dumps({"id": "999", "action": "delete", "reason": "deleted"}).encode(),
        json.dumps({"id": int(IDS[4]), "action": "delete", "reason": "of a new kind", "more": {}}).encode(),
    ]
    assert await asked(server, http) == {IDS[1]: "deleted", IDS[4]: "deleted"}


@pytest.mark.parametrize("step", ["create", "upload", "look", "download"])
@pytest.mark.parametrize("status", [429, 503, 500])
async def test_a_step_that_fails_is_for_a_later_round(
    server: ComplianceServer, http: httpx.AsyncClient, step: str, status: int
) -> None:
    """429 and errors that are HTML, at any step, are PeerUnavailableError that says so in a sentence."""
    server.faults[step] = (status, b"<html>busy</html>")
    with pytest.raises(PeerUnavailableError, match="the round is made again") as raised:
        await asked(server, http)
    assert TOKEN not in raised.value.detail
    assert IDS[0] not in raised.value.detail


@pytest.mark.parametrize("status", [400, 409])
async def test_another_batch_of_the_app_is_waited_for(
    server: ComplianceServer, http: httpx.AsyncClient, status: int
) -> None:
    """X takes one batch at a time: where it refuses a second one, the round comes again."""
    server.faults["create"] = (status, json.dumps({"title": "Invalid Request", "detail": "concurrent"}).encode())
    with pytest.raises(PeerUnavailableError):
        await asked(server, http)


@pytest.mark.parametrize("ending", ["failed", "expired", "in_progress", "of a new kind"])
async def test_a_batch_that_never_completes_is_given_up(
    server: ComplianceServer, http: httpx.AsyncClient, ending: str
) -> None:
    """A batch that failed, expired or goes on for more than an hour ends the round for now."""
    server.ending = ending
    with pytest.raises(PeerUnavailableError):
        await asked(server, http)


async def test_a_wrong_token_is_named(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """One sentence says which variable is wrong, without its value."""
    with pytest.raises(CredentialError, match="check X_BEARER_TOKEN") as raised:
        await asked(server, http, token="of-somebody-else")
    assert "of-somebody-else" not in raised.value.detail


async def test_a_plan_without_compliance_is_said(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """403 client-not-enrolled is a refusal that waiting does not change."""
    server.faults["create"] = (403, json.dumps({"reason": "client-not-enrolled", "title": "Forbidden"}).encode())
    with pytest.raises(SourceRefusedError, match="your X plan does not include this"):
        await asked(server, http)


async def test_an_answer_that_breaks_off_is_none(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """Half an answer is no answer."""
    server.cut, server.gone = True, dict.fromkeys(IDS, "deleted")
    with pytest.raises(PeerUnavailableError, match="broke off"):
        await asked(server, http)


async def test_an_answer_without_end_is_refused(server: ComplianceServer, http: httpx.AsyncClient) -> None:
    """A line of a megabyte is more than six ids can need, and is not kept."""
    server.extra = [b"x" * 2**20]
    with pytest.raises(PeerUnavailableError, match="longer than what was asked"):
        await asked(server, http)


@pytest.mark.parametrize(
    "changed", [{"id": "../jobs"}, {"id": None}, {"upload_url": None}, {"download_url": "file:///etc/passwd"}]
)
async def test_a_strange_batch_is_not_followed(
    server: ComplianceServer, http: httpx.AsyncClient, changed: dict[str, str | None]
) -> None:
    """Ids that are no number and addresses of another kind lead nowhere."""
    server.changed = changed
    with pytest.raises(PeerUnavailableError):
        await asked(server, http)


async def test_a_server_that_is_away_is_for_a_later_round(http: httpx.AsyncClient) -> None:
    """No connection is PeerUnavailableError."""
    compliance = XCompliance(http, SecretStr(TOKEN), VirtualClock(), "http://127.0.0.1:9")
    with pytest.raises(PeerUnavailableError, match="cannot be reached"):
        await compliance.gone(IDS)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"data": []}', b'{"data": null}', b"x" * 70_000])
async def test_an_answer_that_is_no_batch_is_refused(
    server: ComplianceServer, http: httpx.AsyncClient, body: bytes
) -> None:
    """A 200 with something else in it is no batch."""
    server.faults["create"] = (200, body)
    with pytest.raises(PeerUnavailableError, match="something else than a batch"):
        await asked(server, http)
