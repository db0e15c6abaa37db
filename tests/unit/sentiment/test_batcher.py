"""The queue in front of the model."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sentiment.batcher import Batcher, InferenceError
from services.sentiment.tokenizer import Tokens
from shared.errors import OverloadedError
from tests.unit.sentiment.slot import POISON, Slot, ask, batcher_of, tokens_of


@pytest.fixture
async def slot() -> AsyncIterator[Slot]:
    """Return the slot, open again at the end so that its thread can go."""
    slot = Slot()
    yield slot
    slot.release()


@pytest.fixture
async def batcher(slot: Slot) -> AsyncIterator[Batcher[Tokens, int]]:
    """Return a batcher on the slot, stopped at the end."""
    batcher = batcher_of(slot)
    yield batcher
    slot.release()
    await batcher.close(5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(1, 20), min_size=1, max_size=12), min_size=1, max_size=8), st.integers(1, 64))
def test_every_text_is_answered_once_and_in_order(requests: list[list[int]], budget: int) -> None:
    """Whatever comes at once: each request gets its own answers in its order, each text runs once, within budget."""

    async def play() -> None:
        slot = Slot()
        batcher = batcher_of(slot, budget)
        marks = iter(range(1000, 10_000))
        texts = [[tokens_of(next(marks), length) for length in request] for request in requests]
        answers = await asyncio.gather(*(ask(batcher, *request) for request in texts))
        await batcher.close(5)
        assert answers == [[tokens.ids[0] for tokens in request] for request in texts]
        assert sorted(slot.marks) == sorted(tokens.ids[0] for request in texts for tokens in request)
        for batch in slot.batches:
            assert len(batch) == 1 or len(batch) * max(map(len, batch)) <= budget

    asyncio.run(play())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.sampled_from(["stay", "leave", "poison"])), min_size=1, max_size=20))
def test_requests_that_leave_or_fail_never_take_others_with_them(requests: list[tuple[int, str]]) -> None:
    """Requests that were abandoned never run, poisoned ones fail, and all others are answered or told."""

    async def play() -> None:
        slot = Slot()
        batcher = batcher_of(slot)
        slot.hold()
        first = asyncio.create_task(ask(batcher, tokens_of(1)))
        await slot.entered()
        tasks = [
            asyncio.create_task(ask(batcher, tokens_of(POISON if fate == "poison" else 10 + i, length)))
            for i, (length, fate) in enumerate(requests)
        ]
        await asyncio.sleep(0)
        leaving = [task for task, (_, fate) in zip(tasks, requests, strict=True) if fate == "leave"]
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        slot.release()
        answers = await asyncio.gather(first, *tasks, return_exceptions=True)
        await batcher.close(5)
        assert answers[0] == [1]
        for i, (answer, (_, fate)) in enumerate(zip(answers[1:], requests, strict=True)):
            if fate == "leave":
                assert isinstance(answer, asyncio.CancelledError)
                assert 10 + i not in slot.marks
            elif fate == "poison":
                assert isinstance(answer, InferenceError)
            else:
                assert answer == [10 + i] or isinstance(answer, InferenceError)
        assert (batcher.queued, batcher.admission.held) == (0, 0)

    asyncio.run(play())


async def test_a_lone_text_runs_at_once_and_alone(slot: Slot, batcher: Batcher[Tokens, int]) -> None:
    """With the slot free a text never waits for company."""
    assert await ask(batcher, tokens_of(1)) == [1]
    assert slot.batches == [[tokens_of(1)]]


async def test_what_queued_meanwhile_runs_together(slot: Slot, batcher: Batcher[Tokens, int]) -> None:
    """Texts of several requests that came while the slot was taken share the next batch."""
    slot.hold()
    first = asyncio.create_task(ask(batcher, tokens_of(1)))
    await slot.entered()
    others = [asyncio.create_task(ask(batcher, tokens_of(mark))) for mark in (2, 3, 4)]
    await asyncio.sleep(0)
    assert batcher.queued == 3
    slot.release()
    assert await asyncio.gather(first, *others) == [[1], [2], [3], [4]]
    assert [len(batch) for batch in slot.batches] == [1, 3]


async def test_as_many_batches_run_at_once_as_there_are_runners(slot: Slot) -> None:
    """With two runners a second text does not wait for the first; a third does."""
    batcher = batcher_of(slot, runners=2)
    slot.hold()
    asked = [asyncio.create_task(ask(batcher, tokens_of(1)))]
    await slot.entered()
    asked.append(asyncio.create_task(ask(batcher, tokens_of(2))))
    await slot.entered()
    asked.append(asyncio.create_task(ask(batcher, tokens_of(3))))
    await asyncio.sleep(0)
    assert batcher.queued == 1
    slot.release()
    assert await asyncio.gather(*asked) == [[1], [2], [3]]
    await batcher.close(0)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
async def test_a_caller_with_many_texts_runs_behind_while_others_are_about(slot: Slot) -> None:
    """Alone it runs as any does, and so do its last texts; what others ask for has the processors first."""
    batcher = batcher_of(slot, budget=1)
    await ask(batcher, tokens_of(1), tokens_of(2))
    slot.hold()
    many = asyncio.create_task(ask(batcher, tokens_of(3), tokens_of(4), tokens_of(5)))
    await slot.entered()
    few = asyncio.create_task(ask(batcher, tokens_of(6), caller="another"))
    await asyncio.sleep(0)
    slot.release()
    await asyncio.gather(many, few)
    await batcher.close(5)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    behind = {mark for mark, priority in slot.priorities.items() if priority > own}
    assert behind == {4}


async def test_a_batch_has_a_bounded_number_of_texts(slot: Slot) -> None:
    """Short texts that would fit by their tokens still go in batches of the size that costs least."""
    batcher = batcher_of(slot, budget=1000, batch_texts=4)
    assert await ask(batcher, *(tokens_of(mark) for mark in range(10))) == list(range(10))
    assert [len(batch) for batch in slot.batches] == [4, 4, 2]
    await batcher.close(0)


async def test_an_odd_text_is_not_starved_by_a_stream_of_others(slot: Slot, batcher: Batcher[Tokens, int]) -> None:
    """A long text in front of many short ones runs next: the oldest always does."""
    slot.hold()
    first = asyncio.create_task(ask(batcher, tokens_of(1)))
    await slot.entered()
    long = asyncio.create_task(ask(batcher, tokens_of(2, 15)))
    await asyncio.sleep(0)
    short = [asyncio.create_task(ask(batcher, tokens_of(3))) for _ in range(40)]
    await asyncio.sleep(0)
    slot.release()
    await asyncio.gather(first, long, *short)
    assert slot.batches[1] == [tokens_of(2, 15)]


async def test_texts_that_do_not_fit_together_run_in_the_order_they_came(
    slot: Slot, batcher: Batcher[Tokens, int]
) -> None:
    """What a batch leaves behind keeps its place: first come, first served."""
    await ask(batcher, *(tokens_of(mark, 16) for mark in range(8)))
    assert slot.marks == list(range(8))


async def test_a_failed_batch_fails_its_texts_and_the_queue_lives_on(batcher: Batcher[Tokens, int]) -> None:
    """After a failure the next request is served as if nothing had been, and the message quotes nothing."""
    with pytest.raises(InferenceError) as caught:
        await ask(batcher, tokens_of(POISON))
    assert caught.value.detail == "the model failed on these texts"
    assert await ask(batcher, tokens_of(1)) == [1]
    batcher.check_running()


async def test_a_request_that_failed_in_part_runs_no_further(slot: Slot, batcher: Batcher[Tokens, int]) -> None:
    """The texts of a request whose first batch failed leave the queue: no caller waits for them."""
    with pytest.raises(InferenceError):
        await ask(batcher, tokens_of(POISON, 16), *(tokens_of(mark, 16) for mark in range(10, 20)))
    assert slot.marks == [POISON]
    assert batcher.queued == 0


async def test_a_full_house_refuses_at_once_and_serves_again(slot: Slot) -> None:
    """Past the bound a request is refused with seconds to wait, and admitted again once there is room."""
    batcher = batcher_of(slot, room=10)
    with batcher.admission.admit("another", 8):
        with (
            pytest.raises(OverloadedError, match="queue of texts is full") as caught,
            batcher.admission.admit("caller", 3),
        ):
            pytest.fail("admitted past the bound")
        assert caught.value.retry_after >= 1
    assert await ask(batcher, *(tokens_of(mark) for mark in range(5))) == [0, 1, 2, 3, 4]
    await batcher.close(5)


async def test_closing_finishes_what_was_admitted_and_takes_nothing_new(
    slot: Slot, batcher: Batcher[Tokens, int]
) -> None:
    """A stop drains: requests in the house are answered, new ones refused, and readiness ends."""
    slot.hold()
    waiting = [asyncio.create_task(ask(batcher, tokens_of(mark))) for mark in (1, 2)]
    await slot.entered()
    closing = asyncio.create_task(batcher.close(60))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await ask(batcher, tokens_of(3))
    with pytest.raises(OverloadedError):
        batcher.check_running()
    slot.release()
    assert await asyncio.gather(*waiting) == [[1], [2]]
    await closing


async def test_closing_past_its_deadline_tells_everybody_who_waits(slot: Slot, batcher: Batcher[Tokens, int]) -> None:
    """Where the slot does not free in time, running and queued texts fail with an error that a retry can answer."""
    slot.hold()
    running = asyncio.create_task(ask(batcher, tokens_of(1)))
    await slot.entered()
    queued = asyncio.create_task(ask(batcher, tokens_of(2)))
    await asyncio.sleep(0)
    await batcher.close(0)
    answers = await asyncio.gather(running, queued, return_exceptions=True)
    assert all(isinstance(answer, OverloadedError) for answer in answers)
    with pytest.raises(OverloadedError):
        await batcher.submit("caller", [tokens_of(3)], [1])
