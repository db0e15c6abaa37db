"""The contract of `ReplyWriter`, the same for every platform: `class TestSomething(ReplyWriterContract)`, a `platform`.

An `AnsweredPlatform` is a real local server that speaks the platform's protocol and misbehaves on order. Time is
virtual.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import pytest

from services.ingest.replies.reply_sender import CALL_SECONDS
from services.ingest.sources.reply_writer import NotSent, ReplyWriter, Sent, Unknown
from tests.unit.ingest.sources.outgoing import outgoing
from tests.unit.ingest.virtual_clock import VirtualClock

Fault = Literal["rate-limit", "html-503", "truncated-json", "hang-up", "hang-up-after", "silence"]
WORDS = "Entschuldigung! 飛行機 & <b> 50 % +1 👩‍👩‍👧"


class AnsweredPlatform(ABC):
    """A platform with people's posts, and the account that a writer replies from."""

    clock: VirtualClock
    variable: str
    """The setting that the sentence for a wrong secret names."""
    knows_keys = False
    """Whether one key leads to one reply, however often it is asked for."""
    longest = CALL_SECONDS
    """Seconds after which a call has an outcome."""

    @property
    @abstractmethod
    def secrets(self) -> Sequence[str]:
        """Return what must be shown nowhere."""

    @abstractmethod
    async def writer(self, *, is_known: bool = True) -> ReplyWriter:
        """Return a writer, with a wrong secret where it is not known."""

    @abstractmethod
    async def publish(self, text: str) -> str:
        """Publish a person's post and return its id."""

    @abstractmethod
    async def remove(self, post_id: str) -> None:
        """Take a post away."""

    @abstractmethod
    def order(self, fault: Fault) -> None:
        """Let the next request that publishes go wrong; a rate limit asks for 90 s."""

    @abstractmethod
    async def stop(self) -> None:
        """Take no connections any more."""

    @property
    @abstractmethod
    def written(self) -> list[tuple[str, str]]:
        """Return what was published: the post that it answers, and the text."""

    @property
    @abstractmethod
    def writes(self) -> int:
        """Return how often publishing was asked for."""


class ReplyWriterContract:
    """What `services.ingest.sources.reply_writer.ReplyWriter` promises."""

    async def test_a_reply_is_published_once_under_its_post(self, platform: AnsweredPlatform) -> None:
        """In whatever script, by one request, with the id that it has there."""
        post = await platform.publish("a complaint")
        outcome = await (await platform.writer()).reply(outgoing(post, WORDS))
        assert isinstance(outcome, Sent)
        assert outcome.reply_id
        ((answered, text),) = platform.written
        assert answered == post
        assert text.endswith(WORDS)
        assert platform.writes == 1

    async def test_two_posts_get_two_replies(self, platform: AnsweredPlatform) -> None:
        """Under keys of their own, by one writer."""
        writer = await platform.writer()
        posts = [await platform.publish(f"complaint {number}") for number in range(2)]
        ids = set()
        for number, post in enumerate(posts):
            outcome = await writer.reply(outgoing(post, f"sorry {number}", key=f"{number + 7:032x}"))
            assert isinstance(outcome, Sent)
            ids.add(outcome.reply_id)
        assert [post for post, _ in platform.written] == posts
        assert len(ids) == 2

    async def test_a_rate_limit_is_certain_and_says_when(self, platform: AnsweredPlatform) -> None:
        """Nothing was published; it may be tried again, not before the platform asks."""
        post = await platform.publish("a complaint")
        platform.order("rate-limit")
        outcome = await (await platform.writer()).reply(outgoing(post))
        assert isinstance(outcome, NotSent)
        assert outcome.retry
        assert 60 <= outcome.wait <= 120
        assert (platform.written, platform.writes) == ([], 1)

    @pytest.mark.parametrize("fault", ["html-503", "truncated-json", "hang-up", "hang-up-after"])
    async def test_a_lost_answer_is_never_called_not_sent(self, platform: AnsweredPlatform, fault: Fault) -> None:
        """Nor is it sent only because it was asked for; and nothing is asked for a second time."""
        post = await platform.publish("a complaint")
        platform.order(fault)
        outcome = await (await platform.writer()).reply(outgoing(post))
        assert isinstance(outcome, Unknown) or (isinstance(outcome, Sent) and len(platform.written) == 1)
        assert platform.writes == 1
        assert "PAGE" not in getattr(outcome, "sentence", "")

    async def test_silence_has_an_end(self, platform: AnsweredPlatform) -> None:
        """Then it is not known what was published."""
        post = await platform.publish("a complaint")
        platform.order("silence")
        asking = asyncio.ensure_future((await platform.writer()).reply(outgoing(post)))
        await platform.clock.until(asking.done, step=1.0, limit=platform.longest)
        assert isinstance(asking.result(), Unknown)
        assert platform.writes == 1

    @pytest.mark.parametrize("fault", ["hang-up-after", "truncated-json"])
    async def test_one_key_leads_to_one_reply(self, platform: AnsweredPlatform, fault: Fault) -> None:
        """Where a person approves an unknown reply again, and a process started meanwhile, the first is found."""
        if not platform.knows_keys:
            pytest.skip("this platform knows no keys")
        post = await platform.publish("a complaint")
        platform.order(fault)
        first = await (await platform.writer()).reply(outgoing(post))
        again = await (await platform.writer()).reply(outgoing(post))
        assert isinstance(again, Sent)
        assert first in (again, first if isinstance(first, Unknown) else again)
        assert len(platform.written) == 1

    async def test_a_platform_that_is_away_got_nothing(self, platform: AnsweredPlatform) -> None:
        """A connection that was refused is certain, and may be tried later."""
        post = await platform.publish("a complaint")
        writer = await platform.writer()
        await platform.stop()
        outcome = await writer.reply(outgoing(post))
        assert isinstance(outcome, NotSent)
        assert outcome.retry

    async def test_a_post_that_is_gone_is_not_answered(self, platform: AnsweredPlatform) -> None:
        """It is refused for good, in a sentence without the post's id."""
        post = await platform.publish("a complaint")
        await platform.remove(post)
        outcome = await (await platform.writer()).reply(outgoing(post))
        assert isinstance(outcome, NotSent)
        assert not outcome.retry
        assert post not in outcome.sentence
        assert platform.written == []

    async def test_a_wrong_secret_names_its_setting(self, platform: AnsweredPlatform) -> None:
        """And nothing of it, nor is it tried again by itself."""
        post = await platform.publish("a complaint")
        outcome = await (await platform.writer(is_known=False)).reply(outgoing(post))
        assert isinstance(outcome, NotSent)
        assert platform.variable in outcome.sentence
        assert not outcome.retry
        assert platform.written == []

    async def test_nothing_of_it_is_shown(
        self, platform: AnsweredPlatform, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Neither a secret nor a text nor an id stands in a `repr`, an outcome's sentence or the log."""
        caplog.set_level("DEBUG", logger="services")
        writer, post = await platform.writer(), await platform.publish("a complaint")
        sent = await writer.reply(outgoing(post, "words of the reply"))
        assert isinstance(sent, Sent)
        platform.order("html-503")
        unknown = await writer.reply(outgoing(post, "words of the reply", key="ab" * 16))
        printed = capsys.readouterr()
        shown = repr([writer, unknown, outgoing(post, "words of the reply"), caplog.text, printed.out, printed.err])
        assert not [one for one in (*platform.secrets, post, "words of the reply") if one in shown]
