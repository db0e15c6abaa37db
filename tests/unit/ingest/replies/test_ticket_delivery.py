"""Tickets on their way to a local ticket system."""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from pydantic import SecretStr

from services.ingest.replies.composition import Replies
from services.ingest.replies.content import ReplyContent
from services.ingest.replies.settings import ReplySettings
from services.ingest.replies.ticket_system import jira, slack, zendesk
from shared.errors import SettingsError
from shared.outbox import OutboxRow
from shared.webhooks.sender import LEASE
from tests.unit.ingest.replies.conftest import KEY, World
from tests.unit.ingest.replies.local_server import Told
from tests.unit.ingest.replies.replies import a_shown_ticket

TEXT = "<b>lost</b> & {noformat} [~admin] <!channel> *bag* 🧳"


async def deliver(replies: Replies) -> bool:
    """Let the sender of tickets do one turn."""
    assert replies.ticket_sender is not None
    return await replies.ticket_sender.turn()


async def the_one(world: World) -> OutboxRow:
    """Return the only delivery there is."""
    tickets = await world.store.tickets(None, None, 9)
    (delivery,) = await world.store.deliveries([ticket.id for ticket in tickets])
    return delivery


async def test_a_ticket_is_delivered_once_and_signed(with_zendesk: World) -> None:
    """It carries the text and the id, the system's authorization, and a signature that the key verifies."""
    replies = await with_zendesk.drafted()
    assert [await deliver(replies) for _ in range(2)] == [True, False]
    ((headers, body, raw),) = with_zendesk.zendesk.got
    ticket = (await with_zendesk.store.tickets(None, None, 9))[0]
    assert (await the_one(with_zendesk)).state == "delivered"
    ((_, content),) = await with_zendesk.vault.page("reply")
    assert body["ticket"]["external_id"] == ReplyContent.model_validate_json(content or "").ticket
    assert "@user you lost my bag" in body["ticket"]["comment"]["body"]
    assert headers["authorization"] == "Basic secret-of-zendesk"
    assert headers["idempotency-key"] == headers["webhook-id"] == f"{ticket.id}:zendesk"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    digest = base64.b64encode(hmac.digest(KEY.encode(), signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"


async def test_an_answer_that_cannot_be_decoded_is_not_read(with_zendesk: World) -> None:
    """The status says that the ticket arrived: it is not sent again because of what follows."""
    replies = await with_zendesk.drafted()
    with_zendesk.zendesk.answers = [Told(status=201, headers={"content-encoding": "gzip"})]
    assert [await deliver(replies) for _ in range(2)] == [True, False]
    assert (await the_one(with_zendesk)).state == "delivered"


async def test_a_wait_of_thousands_of_digits_is_no_wait(with_zendesk: World) -> None:
    """What a ticket system asks for cannot end the sender."""
    replies = await with_zendesk.drafted()
    with_zendesk.zendesk.answers = [Told(status=503, headers={"retry-after": "9" * 5000})]
    assert await deliver(replies)
    assert (await the_one(with_zendesk)).state == "waiting"


@pytest.mark.parametrize("status", [400, 401, 404, 302])
async def test_a_system_that_refuses_is_not_asked_again(with_zendesk: World, status: int) -> None:
    """The delivery fails with a sentence; a redirect is not followed, since it would carry the key elsewhere."""
    replies = await with_zendesk.drafted()
    with_zendesk.zendesk.answers = [Told(status=status, headers={"location": with_zendesk.platform.url})]
    await deliver(replies)
    await with_zendesk.clock.advance(1e6)
    assert not await deliver(replies)
    failed = await the_one(with_zendesk)
    assert (failed.state, failed.known) == ("failed", f"zendesk answered {status}; check its URL and authorization")
    assert with_zendesk.platform.got == []


async def test_a_sender_that_dies_is_followed_by_another(with_zendesk: World) -> None:
    """No other replica has the delivery during the lease; after it another attempt is made."""
    replies = await with_zendesk.drafted()
    with_zendesk.zendesk.answers = [Told(hang=True)]
    dying = asyncio.create_task(deliver(replies))
    await with_zendesk.clock.until(with_zendesk.zendesk.arrived.is_set)
    assert not await deliver(with_zendesk.replies())
    dying.cancel()
    await with_zendesk.clock.advance(LEASE.total_seconds())
    assert await deliver(with_zendesk.replies())
    assert ((await the_one(with_zendesk)).state, (await the_one(with_zendesk)).attempts) == ("delivered", 2)


async def test_an_erased_ticket_is_not_delivered(with_zendesk: World) -> None:
    """Its text is gone: the delivery fails, and nothing is sent."""
    replies = await with_zendesk.drafted()
    await replies.withdrawal.withdraw("x", [], ["author-1"])
    await deliver(replies)
    assert ((await the_one(with_zendesk)).state, with_zendesk.zendesk.got) == ("failed", [])


async def test_the_sender_of_tickets_runs(with_zendesk: World) -> None:
    """Started with the rest, it delivers what comes until it is cancelled."""
    replies = await with_zendesk.drafted()
    running = asyncio.create_task(replies.run())
    await with_zendesk.clock.until(with_zendesk.zendesk.arrived.is_set, step=1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_zendesk_takes_a_ticket_as_its_api_says() -> None:
    """Subject, internal comment, external id, priority by the score, tags of one word each."""
    body = zendesk(a_shown_ticket(category="Lost Luggage"), TEXT)["ticket"]
    assert body["external_id"] == a_shown_ticket().id
    assert body["comment"]["public"] is False
    assert body["priority"] == "high"
    assert body["tags"] == ["voxpop", "aerolume", "x", "lost_luggage"]
    assert zendesk(a_shown_ticket(score=None), TEXT)["ticket"]["priority"] == "normal"


def test_jira_takes_no_markup_of_an_author() -> None:
    """The text stands in a noformat block that it cannot close."""
    fields = jira(a_shown_ticket(), TEXT, "SUP", "Bug")["fields"]
    assert fields["project"] == {"key": "SUP"}
    assert fields["issuetype"] == {"name": "Bug"}
    assert fields["labels"] == ["voxpop", a_shown_ticket().id]
    assert fields["description"].count("{noformat}") == 2
    assert len(fields["summary"]) < 255


def test_slack_takes_no_markup_of_an_author() -> None:
    """Brackets and ampersands are escaped, so no person is mentioned and no link is made."""
    body = slack(a_shown_ticket(), TEXT)
    assert "<" not in body["text"]
    assert "&lt;!channel&gt;" in body["text"]
    assert "&amp;" in body["text"]
    assert body["mrkdwn"] is False
    json.dumps(body)


def _checked(settings: ReplySettings) -> None:
    settings.webhook_secret()
    settings.ticket_urls()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"zendesk_url": "http://example.com/x", "webhook_key": SecretStr(KEY)}, "TICKETS_ZENDESK_URL"),
        ({"slack_url": SecretStr("ftp://secret.example"), "webhook_key": SecretStr(KEY)}, "TICKETS_SLACK_URL"),
        ({"slack_url": SecretStr("http://[secret"), "webhook_key": SecretStr(KEY)}, "TICKETS_SLACK_URL"),
        ({"jira_url": "https://example.com/x", "webhook_key": SecretStr(KEY)}, "TICKETS_JIRA_PROJECT"),
        ({"slack_url": SecretStr("https://hooks.example/x")}, "TICKETS_WEBHOOK_KEY"),
        ({"webhook_key": SecretStr("secret")}, "TICKETS_WEBHOOK_KEY"),
    ],
)
def test_wrong_settings_are_named_without_their_value(changes: dict[str, Any], name: str) -> None:
    """The sentence names the variable and quotes no secret."""
    settings = ReplySettings(_env_file=None, **changes)
    with pytest.raises(SettingsError, match=name) as caught:
        _checked(settings)
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(settings)
