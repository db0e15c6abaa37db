"""What the routes of every service ask for by annotation."""

from typing import Annotated, Any

from fastapi import FastAPI, Query, Request

from shared.errors import NotReadyError
from shared.pages import DEFAULT_LIMIT, MAX_LIMIT

MAX_CURSOR = 4_000
"""A position may hold a name of 200 characters of any script, such as the version of a model."""

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description=f"items a page, {DEFAULT_LIMIT} by default")]
Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next_cursor` of the page before")]


def resources_of(app: FastAPI) -> Any:
    """Return what the lifespan of `app` opened; raises NotReadyError before it has."""
    resources = getattr(app.state, "resources", None)
    if resources is None:
        raise NotReadyError
    return resources


async def opened(request: Request) -> Any:
    """The dependency behind each service's `Res`, which is `Annotated[Resources, Depends(opened)]`."""
    return resources_of(request.app)
