"""Connections, one after the other, for as long as a source is read."""

import random
from collections.abc import Callable, Coroutine
from typing import Any

from services.ingest.sources.base import Report, SourceError
from services.ingest.sources.network.fault import NetworkFault
from services.ingest.sources.reconnection import Reconnection
from shared.clock import Clock


async def hold(
    session: Callable[[], Coroutine[Any, Any, None]],
    *,
    name: str,
    report: Report,
    clock: Clock,
    refusal: Callable[[int], SourceError | None],
    jitter: Callable[[], float] = random.random,
) -> None:
    """Run `session` again and again at the pace of `Reconnection`; it is one connection, from its opening to its end.

    `name` begins the sentence that tells of an end. `refusal` returns what to raise for an HTTP status that no
    waiting changes, None for one that it may. Raises that, and what a session raises but for NetworkFault and
    TimeoutError.
    """
    reconnection = Reconnection(clock, jitter)
    wait = 0.0
    while True:
        await reconnection.wait(wait)
        fault = await _fault_of(session)
        if fault.status is not None and (error := refusal(fault.status)):
            raise error
        wait = fault.wait
        asked = f"; it asked for {wait:g} s of rest" if wait else ""
        report.degraded(f"{name}: {fault.sentence}{asked}; trying again")


async def _fault_of(session: Callable[[], Coroutine[Any, Any, None]]) -> NetworkFault:
    try:
        await session()
    except TimeoutError:
        return NetworkFault("it fell silent")
    except NetworkFault as fault:
        return fault
    return NetworkFault("it ended the connection")
