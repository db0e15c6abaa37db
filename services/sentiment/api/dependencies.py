"""What routes ask for by annotation, and how long they go on for a client."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Request

from services.sentiment.request import AnalysisRequest
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
    watch = _Watch(request)
    starting = asyncio.get_running_loop().call_later(_UNWATCHED_SECONDS, watch.start)
    try:
        return await work
    except asyncio.CancelledError:
        if not watch.saw_it_go():
            raise
        return None
    finally:
        starting.cancel()
        await watch.stop()


class _Watch:
    """Cancels the task that made it once the client has gone."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._working = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._gone = False

    def start(self) -> None:
        """Begin to watch."""
        self._watching = asyncio.create_task(self._watch())

    def saw_it_go(self) -> bool:
        """Tell whether the task was cancelled for that alone; then it is so no longer."""
        return self._gone and self._working is not None and self._working.uncancel() == 0

    async def stop(self) -> None:
        """Watch no longer."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._working is not None:
            self._working.cancel()


def charge(request: Request, resources: Resources, asked: AnalysisRequest) -> None:
    """Take a request's tokens out of what its key may send; raises RateExceededError where nothing is left.

    There is no rate for the services' own key, and none without keys.
    """
    key: ApiKey | None = getattr(request.state, "api_key", None)
    if key is not None and not key.internal:
        resources.rate.spend(key.name, resources.analyzer.tokens_of(asked))


def caller_of(request: Request) -> str:
    """Return in whose turn a request is served: the name of its key, without keys the client's address."""
    key: ApiKey | None = getattr(request.state, "api_key", None)
    if key is not None:
        return key.name
    return request.client.host if request.client else ""
