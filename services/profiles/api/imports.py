"""Imports: a Parquet file of a backup, checked whole, then restored."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from services.profiles.api.dependencies import Res
from services.profiles.transfer.restoration import restore
from services.profiles.transfer.spool import ImportTooLargeError
from services.profiles.transfer.table import MEDIA_TYPES, Format, TableKind
from shared.access import Scope
from shared.brand import Brand
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["imports"], dependencies=[requires(Scope.ADMIN)])

_BODY = {"requestBody": {"required": True, "content": {MEDIA_TYPES[Format.PARQUET]: {}}}}


class ImportAnswer(BaseModel):
    """Of what the file was; rows that were taken over, and rows that were known or are refused for good."""

    of: TableKind
    restored: int
    duplicates: int


@router.post("/brands/{brand}/import", openapi_extra=_BODY)
async def import_brand(brand: Brand, request: Request, resources: Res) -> ImportAnswer:
    """Restore a Parquet file as the export wrote it; due in the order removals, profiles, buckets, posts.

    Nothing is stored of a file that is wrong anywhere. Safe to repeat.
    """
    try:
        resources.imports.refuse_announced(_announced(request))
        async with resources.imports.received(_pieces(request)) as file:
            done = await restore(resources.store, brand, file)
    except ImportTooLargeError as error:
        raise HTTPException(413, str(error)) from None
    return ImportAnswer(of=done.of, restored=done.restored, duplicates=done.duplicates)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        yield piece
