"""Replies on X: asked for once, and what became of them is never guessed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sandbox.sandbox import Sandbox
from services.ingest.sources.base import CredentialError
from services.ingest.sources.reply_writer import NotSent, Sent, Unknown
from services.ingest.sources.x.writer import XWriter
from tests.unit.ingest.sources.outgoing import outgoing
from tests.unit.ingest.sources.x.surroundings import TwoClocks, settings_for


@pytest.fixture
async def writer(sandbox: Sandbox, clock: TwoClocks) -> AsyncIterator[XWriter]:
    """Return a writer with the sandbox's account."""
    opened = await XWriter.open(settings_for(sandbox), clock)
    yield opened
    await opened.aclose()


async def test_a_reply_is_signed_and_published(writer: XWriter, sandbox: Sandbox) -> None:
    """By OAuth 1.0a, under the post, in whatever script."""
    post = sandbox.publish("a complaint")
    outcome = await writer.reply(outgoing(str(post.id), "Entschuldigung! 飛行機 & <b> 50 % +1"))
    assert isinstance(outcome, Sent)
    written = sandbox.writer.written[0]
    assert (written.id, written.in_reply_to) == (outcome.reply_id, str(post.id))
    assert written.text == "Entschuldigung! 飛行機 & <b> 50 % +1"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("rate-limit", NotSent("X asks to wait (429)", retry=True, wait=61.0)),
        ("rate-limit-no-reset", NotSent("X asks to wait (429)", retry=True, wait=60.0)),
        ("not-enrolled", NotSent("your X plan does not include this")),
        ("html-503", Unknown("X answered 503; look at the account before sending again")),
    ],
)
async def test_refusals_are_certain_and_errors_are_not(
    writer: XWriter, sandbox: Sandbox, kind: str, outcome: NotSent | Unknown
) -> None:
    """And none is tried again."""
    post = sandbox.publish("a complaint")
    sandbox.order("create", kind)  # type: ignore[arg-type]
    assert await writer.reply(outgoing(str(post.id))) == outcome
    assert sandbox.requests["create"] == 1


@pytest.mark.parametrize("kind", ["hang-up", "hang-up-after", "truncated-json"])
async def test_a_lost_answer_leaves_the_outcome_unknown(writer: XWriter, sandbox: Sandbox, kind: str) -> None:
    """Whether or not X published, nothing is sent a second time."""
    post = sandbox.publish("a complaint")
    sandbox.order("create", kind)  # type: ignore[arg-type]
    assert isinstance(await writer.reply(outgoing(str(post.id))), Unknown)
    assert sandbox.requests["create"] == 1
    assert len(sandbox.writer.written) == (kind != "hang-up")


async def test_silence_leaves_the_outcome_unknown(writer: XWriter, sandbox: Sandbox, clock: TwoClocks) -> None:
    """After half a minute."""
    post = sandbox.publish("a complaint")
    sandbox.order("create", "silence")
    asking = asyncio.ensure_future(writer.reply(outgoing(str(post.id))))
    await sandbox.until(lambda: sandbox.requests["create"] == 1)
    await clock.until(asking.done, step=1.0, limit=40)
    assert isinstance(asking.result(), Unknown)


async def test_a_sandbox_that_is_not_there_got_nothing(writer: XWriter, sandbox: Sandbox) -> None:
    """A connection that was refused is certain."""
    await sandbox.stop()
    assert await writer.reply(outgoing("1")) == NotSent("X cannot be reached", retry=True)


async def test_a_post_that_is_gone_is_not_answered(writer: XWriter, sandbox: Sandbox) -> None:
    """X refuses it for good."""
    post = sandbox.publish("a complaint")
    sandbox.timeline.delete(post.id)
    outcome = await writer.reply(outgoing(str(post.id)))
    assert isinstance(outcome, NotSent)
    assert not outcome.retry
    assert str(post.id) not in outcome.sentence


async def test_a_wrong_token_names_the_variables(sandbox: Sandbox, clock: TwoClocks) -> None:
    """And holds none of them."""
    writer = await XWriter.open(settings_for(sandbox, x_access_token_secret="wrong"), clock)
    outcome = await writer.reply(outgoing("1"))
    await writer.aclose()
    assert isinstance(outcome, NotSent)
    assert "X_ACCESS_TOKEN_SECRET" in outcome.sentence
    assert not sandbox.writer.written


async def test_without_its_tokens_no_writer_opens(sandbox: Sandbox, clock: TwoClocks) -> None:
    """The sentence names what lacks."""
    with pytest.raises(CredentialError, match="X_API_KEY"):
        await XWriter.open(settings_for(sandbox, x_api_key=None), clock)
