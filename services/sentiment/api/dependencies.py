"""What routes ask for by annotation, and how long they go on for a client."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from services.sentiment.resources import Resources
from shared.web.dependencies import opened

Result = TypeVar("Result")
Res = Annotated[Resources, Depends(opened)]


async def unless_abandoned(request: Request, work: Coroutine[Any, Any, Result]) -> Result | None:
    """Return what `work` returns, or None once the client has gone: then `work` is cancelled and leaves the queue."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
