"""What routes ask for by annotation, and how long they go on for a client."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request

from services.sentiment.resources import Resources
from shared.access import ApiKey
from shared.web.dependencies import opened

_UNWATCHED_SECONDS: Final = 0.1

Result = TypeVar("Result")
Res = Annotated[Resources, Depends(opened)]


async def unless_abandoned(request: Request, work: Coroutine[Any, Any, Result]) -> Result | None:
    """Return what `work` returns, or None once the client has gone: then `work` is cancelled and leaves the queue.

    The client is watched once the work takes longer than most, because watching costs as much as the rest of a request.
    """
    working = asyncio.create_task(work)
    tasks: list[asyncio.Task[Any]] = [working]
    try:
        await asyncio.wait(tasks, timeout=_UNWATCHED_SECONDS)
        if not working.done():
            tasks.append(asyncio.create_task(_gone(request)))
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        unfinished = [task for task in tasks if not task.done()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.gather(*unfinished, return_exceptions=True)


def caller_of(request: Request) -> str:
    """Return in whose turn a request is served: the name of its key, without keys the client's address."""
    key: ApiKey | None = getattr(request.state, "api_key", None)
    if key is not None:
        return key.name
    return request.client.host if request.client else ""


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
