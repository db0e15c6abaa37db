"""Liveness and readiness."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from shared.errors import StoreFaultError
from shared.web.problems import problem

Check = Callable[[], Awaitable[None]]
"""Returns where the dependency is ready, raises where it is not."""

CHECK_SECONDS = 2.0


def health_router(checks: Callable[[], Mapping[str, Check]]) -> APIRouter:
    """Return `GET /livez` and `GET /readyz`; `checks` gives the dependencies by name.

    It raises NotReadyError while the service is starting.
    """
    router = APIRouter(tags=["operation"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """Answer as long as the process can."""
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        """200 where every dependency is ready, else 503 that names those that are not."""
        named = checks()
        ready = await asyncio.gather(*(_fault_of(check) for check in named.values()))
        missing = [f"{name}{fault}" for name, fault in zip(named, ready, strict=True) if fault is not None]
        if missing:
            return problem(503, f"not ready: {', '.join(missing)}", headers={"Retry-After": "2"})
        return JSONResponse({"status": "ready", "dependencies": list(named)})

    return router


async def _fault_of(check: Check) -> str | None:
    """Return None where a dependency is ready, else what is told of it: of the store's file a sentence."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except StoreFaultError as error:
        return f" ({error.detail})"
    except Exception:  # noqa: BLE001 - whatever keeps it from being ready, it is not ready
        return ""
    return None
