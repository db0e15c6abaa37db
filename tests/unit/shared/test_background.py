"""Work beside the requests."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.background import AGAIN_SECONDS, running
from shared.clock import SystemClock


class StepClock(SystemClock):
    """A clock whose sleepers wait until they are woken, and that notes for how long they meant to sleep."""

    def __init__(self) -> None:
        """Note nothing yet."""
        self.sleeps: asyncio.Queue[float] = asyncio.Queue()
        self._woken = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Note, then wait to be woken."""
        self.sleeps.put_nowait(seconds)
        await self._woken.wait()
        self._woken.clear()

    def wake(self) -> None:
        """Let the sleeper go on."""
        self._woken.set()


def failing(times: int, begun: asyncio.Queue[int]) -> Callable[[], Awaitable[None]]:
    """Return work that fails so many times before it goes on for ever."""
    left = times

    async def piece() -> None:
        nonlocal left
        begun.put_nowait(left)
        left -= 1
        if left >= 0:
            raise LookupError("a secret of the work")
        await asyncio.Event().wait()

    return piece


async def test_each_piece_runs_until_the_end_and_no_longer() -> None:
    """Work is begun at once, each piece beside the other, and is cancelled and waited for at the end."""
    begun: asyncio.Queue[str] = asyncio.Queue()
    ended: list[str] = []

    def piece(name: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            begun.put_nowait(name)
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append(name)

        return work

    async with running({"one": piece("one"), "two": piece("two")}, StepClock()):
        assert {await begun.get(), await begun.get()} == {"one", "two"}
        assert ended == []
    assert sorted(ended) == ["one", "two"]


async def test_work_that_fails_is_begun_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Each time it waits ten seconds; the log names the work and the kind of error, and repeats nothing of it."""
    clock, begun = StepClock(), asyncio.Queue[int]()
    async with running({"sweep": failing(2, begun)}, clock):
        assert await begun.get() == 2
        assert await clock.sleeps.get() == AGAIN_SECONDS
        clock.wake()
        assert await begun.get() == 1
        assert await clock.sleeps.get() == AGAIN_SECONDS
        clock.wake()
        assert await begun.get() == 0
    said = capsys.readouterr().out
    assert said.count("background.failed") == 2
    assert "sweep" in said
    assert "LookupError" in said
    assert "secret" not in said


async def test_one_that_fails_leaves_the_others_alone() -> None:
    """Neither the other work nor the service ends with it."""
    clock, begun = StepClock(), asyncio.Queue[int]()
    others: asyncio.Queue[int] = asyncio.Queue()
    async with running({"bad": failing(1, begun), "good": failing(0, others)}, clock):
        assert await others.get() == 0
        assert await clock.sleeps.get() == AGAIN_SECONDS
    assert others.empty()


async def test_work_that_is_done_is_not_begun_again() -> None:
    """A piece that returns has ended, and so has the waiting for it."""
    done: asyncio.Queue[None] = asyncio.Queue()

    async def piece() -> None:
        done.put_nowait(None)

    clock = StepClock()
    async with running({"once": piece}, clock):
        await done.get()
    assert done.empty()
    assert clock.sleeps.empty()


async def test_an_error_of_the_service_ends_its_work_too() -> None:
    """Whatever leaves the block, no task is left behind."""
    begun: asyncio.Queue[int] = asyncio.Queue()

    async def serve() -> None:
        async with running({"work": failing(0, begun)}, StepClock()):
            await begun.get()
            raise ValueError("of the service")

    with pytest.raises(ValueError, match="of the service"):
        await serve()
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "work"] == []


async def test_no_work_is_fine() -> None:
    """A service with nothing to do beside its requests runs."""
    async with running({}, StepClock()):
        pass
