"""What routes ask for by annotation."""

from typing import Annotated

from fastapi import Depends, Query, Request

from services.ingest.resources import Resources
from shared.paging import DEFAULT_LIMIT, MAX_LIMIT

CURSOR_LENGTH = 300


async def opened_resources(request: Request) -> Resources:
    """Return what the lifespan opened."""
    resources: Resources = request.app.state.resources
    return resources


OpenedResources = Annotated[Resources, Depends(opened_resources)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description=f"items a page, {DEFAULT_LIMIT} by default")]
Cursor = Annotated[str | None, Query(max_length=CURSOR_LENGTH, description="`next_cursor` of the page before")]
