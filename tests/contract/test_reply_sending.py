"""At most once: two replicas that send, in any order of their steps, dying anywhere, over every store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from services.ingest.identity import Pseudonymizer
from services.ingest.replies.content import ReplyContent, ReplyContents
from services.ingest.replies.quiet_hours import QuietHours
from services.ingest.replies.reply import approve
from services.ingest.replies.reply_sender import CLAIM_SECONDS, ReplySender
from services.ingest.replies.store import REPLY_COLLECTIONS, ReplyStore
from services.ingest.sources.reply_writer import NotSent, OutgoingReply, ReplyWriter, SendOutcome, Sent, Unknown
from services.ingest.vault.cipher import Cipher
from services.ingest.vault.store import VAULT, VaultStore
from services.ingest.vault.vault import Vault
from shared.documents.backend import open_documents
from shared.store_url import MongoUrl, SqliteUrl
from tests.contract.crashing import Fate, Gate, GatedStore, GatedWriter, Replica
from tests.unit.ingest.replies.replies import a_reply
from tests.unit.ingest.virtual_clock import START, VirtualClock

Where = SqliteUrl | MongoUrl
Answer = Literal["sent", "refused", "later", "lost", "lost before"]
Step = tuple[int, Fate | Literal["wait"]]
PAUSE = timedelta(days=30)
TURNS_AFTER = 12

# Long rows, few deaths: a reply takes ten steps to be sent, and what matters happens after the seventh.
STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(["go"] * 12 + ["die before", "die after", "wait"])),
    min_size=20,
    max_size=60,
)
ANSWERS = st.lists(st.sampled_from(["sent", "refused", "later", "lost", "lost before"]), max_size=6)


@dataclass
class Platform(ReplyWriter):
    """A platform that remembers what was published, and answers (or does not) as it is told, in the end well."""

    answers: list[Answer]
    published: list[str] = field(default_factory=list)

    @override
    async def reply(self, reply: OutgoingReply) -> SendOutcome:
        """Publish or not; the answer to what was published may be lost."""
        post_id = reply.post_id
        assert reply.text == f"sorry {post_id}"
        answer = self.answers.pop(0) if self.answers else "sent"
        if answer in {"sent", "lost"}:
            self.published.append(post_id)
        outcomes: dict[Answer, SendOutcome] = {
            "sent": Sent(f"ours-{len(self.published)}"),
            "refused": NotSent("the platform refused it"),
            "later": NotSent("too many requests", retry=True),
            "lost": Unknown("no answer came"),
            "lost before": Unknown("no answer came"),
        }
        return outcomes[answer]


@dataclass
class World:
    """Two replicas on one store, and three approved replies, two of them to the same author."""

    clock: VirtualClock
    store: ReplyStore
    platform: Platform
    replicas: list[Replica]

    async def run(self, steps: list[Step]) -> None:
        """Follow a schedule, then let both replicas work until nothing is left to do."""
        for who, what in steps:
            if what == "wait":
                await self.clock.advance(CLAIM_SECONDS + 1)
            else:
                await self.replicas[who].step(what)
        for _ in range(TURNS_AFTER):
            for replica in self.replicas:
                await replica.finish()
            await self.clock.advance(timedelta(hours=7).total_seconds())


@asynccontextmanager
async def a_world(where: Where, folder: Path, answers: list[Answer], cap: int) -> AsyncIterator[World]:
    """Open both replicas' stores."""
    async with (
        open_documents(where, REPLY_COLLECTIONS) as first,
        open_documents(where, REPLY_COLLECTIONS) as second,
        open_documents(SqliteUrl(folder / "vault.db"), (VAULT,)) as documents,
    ):
        one, other = ReplyStore(first), ReplyStore(second)
        run = [reply.id for reply in await one.page(None, None, None, 1000)]
        # A month for each world on the same store: days are counted in it.
        start = START + timedelta(days=10 * len(run))
        clock = VirtualClock(start)
        contents = ReplyContents(Vault(Cipher(b"0123456789abcdef" * 2), VaultStore(documents), clock))
        platform = Platform(list(answers))
        for number in range(len(run), len(run) + 3):
            author = "twins" if number % 3 else "alone"
            reply = a_reply(number, state="approved", author=f"{author} {len(run)}", created_at=start, due_at=start)
            row = await contents.keep(
                ReplyContent(post_id=reply.id, post_text="", text=f"sorry {reply.id}"), "author", timedelta(days=7)
            )
            await one.add(reply.model_copy(update={"content": row, "expires_at": start + timedelta(days=7)}))
        replicas = [_replica(store, contents, platform, clock, cap) for store in (one, other)]
        yield World(clock, one, platform, replicas)


def _replica(store: ReplyStore, contents: ReplyContents, platform: Platform, clock: VirtualClock, cap: int) -> Replica:
    gate = Gate()
    gated: Any = GatedStore(store, gate)
    sender = ReplySender(
        store=gated,
        contents=contents,
        writers={"x": GatedWriter(platform, gate)},
        pseudonymizer=Pseudonymizer(b"k" * 32),
        clock=clock,
        quiet=QuietHours(ZoneInfo("UTC")),
        daily_cap=cap,
        author_pause=PAUSE,
        owner="replica",
    )
    return Replica(gate, sender.turn)


async def _holds(where: Where, folder: Path, steps: list[Step], answers: list[Answer], cap: int) -> None:
    async with a_world(where, folder, answers, cap) as world:
        await world.run(steps)
        replies = [reply for reply in await world.store.page(None, None, None, 1000) if reply.content != "done"]
        published = world.platform.published
        assert len(published) == len(set(published)), "a post got two replies"
        authors = [reply.author for reply in replies if reply.id in published]
        assert len(authors) == len(set(authors)), "an author got two replies"
        for reply in replies:
            assert reply.state in {"sent", "refused", "unknown"}
            assert reply.state != "sent" or reply.id in published
            assert reply.state != "refused" or reply.id not in published
            done = reply.model_copy(update={"content": "done", "version": reply.version + 1})
            assert await world.store.swap(reply, done)


@given(steps=STEPS, answers=ANSWERS, cap=st.integers(1, 3))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_nothing_is_sent_twice_when_replicas_die(
    tmp_path: Path, steps: list[Step], answers: list[Answer], cap: int
) -> None:
    """No post and no author gets two replies, however two replicas' steps mix and wherever they die.

    What counts as sent was published, what counts as refused was not, and nothing is left under way.
    """
    asyncio.run(_holds(SqliteUrl(tmp_path / "ingest.db"), tmp_path, steps, answers, cap))


@pytest.mark.mongo
@given(steps=STEPS, answers=ANSWERS, cap=st.integers(1, 3))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_nothing_is_sent_twice_on_mongodb(
    mongo_url: MongoUrl, tmp_path: Path, steps: list[Step], answers: list[Answer], cap: int
) -> None:
    """The same with MongoDB between the replicas."""
    asyncio.run(_holds(mongo_url, tmp_path, steps, answers, cap))


async def test_a_death_between_intent_and_outcome_goes_to_a_person(store_url: Where, tmp_path: Path) -> None:
    """Where a replica dies while sending, another sends nothing and says what is known."""
    async with a_world(store_url, tmp_path, [], cap=3) as world:
        while not world.platform.published:
            await world.replicas[0].step("die after" if await _is_sending(world) else "go")
        await world.clock.advance(CLAIM_SECONDS + 1)
        await world.replicas[1].finish()
        (unknown,) = await world.store.page("unknown", None, None, 9)
        assert world.platform.published.count(unknown.id) == 1
        assert "may or may not have been published" in unknown.known


async def _is_sending(world: World) -> bool:
    return bool(await world.store.page("sending", None, None, 1))


async def test_each_approval_of_an_unknown_reply_sends_once_more(store_url: Where, tmp_path: Path) -> None:
    """A person who looked and approves again gets one more call, not two, with two replicas at work."""
    async with a_world(store_url, tmp_path, ["lost", "lost", "lost"], cap=3) as world:
        await world.run([])
        unknown = await world.store.page("unknown", None, None, 9)
        assert len(unknown) == len(world.platform.published) == 2
        again = unknown[0]
        now = world.clock.now()
        fresh = again.model_copy(update={"expires_at": now + timedelta(days=1)})
        approved = approve(fresh, now, fresh.content, although_unknown=True)
        assert await world.store.swap(again, approved)
        await asyncio.gather(world.replicas[0].finish(), world.replicas[1].finish())
        assert world.platform.published.count(again.id) == 2
