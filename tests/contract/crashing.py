"""Replicas that die where a schedule says: each step of one lets it do one operation, or kills it before or after."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from typing_extensions import override

from services.ingest.sources.reply_writer import OutgoingReply, ReplyWriter, SendOutcome

Result = TypeVar("Result")
Fate = Literal["go", "die before", "die after"]


class Death(BaseException):
    """The process is gone: no error, and nothing of it catches this."""


class Gate:
    """Holds a replica before each of its operations until it is told what happens to it."""

    def __init__(self) -> None:
        """Begin open."""
        self.held = asyncio.Event()
        self._fate: asyncio.Future[Fate] | None = None

    def open(self, fate: Fate) -> None:
        """Tell who is held what happens."""
        assert self._fate is not None
        self.held.clear()
        self._fate.set_result(fate)

    async def passing(self, operation: Callable[[], Awaitable[Result]]) -> Result:
        """Wait to be told, then do the operation, or die before or after it."""
        self._fate = asyncio.get_running_loop().create_future()
        self.held.set()
        fate = await self._fate
        if fate == "die before":
            raise Death
        result = await operation()
        if fate == "die after":
            raise Death
        return result


class GatedStore:
    """A store whose every operation passes the gate."""

    def __init__(self, store: object, gate: Gate) -> None:
        """Wrap `store`."""
        self._store = store
        self._gate = gate

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._store, name)

        def gated(*args: Any, **named: Any) -> Any:
            return self._gate.passing(lambda: operation(*args, **named))

        return gated


class GatedWriter(ReplyWriter):
    """A writer whose calls pass the gate."""

    def __init__(self, writer: ReplyWriter, gate: Gate) -> None:
        """Wrap `writer`."""
        self._writer = writer
        self._gate = gate

    @override
    async def reply(self, reply: OutgoingReply) -> SendOutcome:
        return await self._gate.passing(lambda: self._writer.reply(reply))


class Replica:
    """A process that does one turn after another, and is started anew when it died."""

    def __init__(self, gate: Gate, turn: Callable[[], Awaitable[None]]) -> None:
        """Do `turn`, whose operations pass `gate`."""
        self._gate = gate
        self._turn = turn
        self._task: asyncio.Task[None] | None = None

    async def step(self, fate: Fate) -> None:
        """Let one operation happen, or not."""
        await self._until_held()
        if self._gate.held.is_set():
            self._gate.open(fate)
            await self._until_held()

    async def finish(self) -> None:
        """Let the turn that is on, or a new one, go to its end."""
        await self._until_held()
        while self._gate.held.is_set():
            self._gate.open("go")
            await self._until_held()

    async def _until_held(self) -> None:
        """Wait until an operation is held or the turn is over; a turn that was over before is begun."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._turn())
        held = asyncio.ensure_future(self._gate.held.wait())
        await asyncio.wait({held, self._task}, return_when=asyncio.FIRST_COMPLETED)
        held.cancel()
        await asyncio.wait({held})
        if self._task.done():
            task, self._task = self._task, None
            if not isinstance(task.exception(), Death | None):
                task.result()
