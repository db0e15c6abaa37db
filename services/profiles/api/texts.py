"""Posts with their texts and authors, in pages of Arrow: for the services' key alone."""

import asyncio
import math
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, Field

from services.profiles.api.dependencies import KnownBrand, Res
from services.profiles.arrow import MEDIA_TYPE, RESPONSES
from services.profiles.cursors import decode_text_place, text_cursor
from services.profiles.embedding import EmbeddingSpace
from services.profiles.stores.base import ProfileStore
from services.profiles.texts import TextPage, TextQuery, arrow_texts
from services.profiles.transfer.row import END, FIRST
from shared.analyzed_post import Key
from shared.errors import InputError
from shared.strict_body import StrictBody
from shared.web.auth import for_services
from shared.web.dependencies import Cursor

router = APIRouter(prefix="/v1", tags=["texts"], dependencies=[for_services()])

MAX_ROWS: Final = 10_000
DEFAULT_ROWS: Final = 2_000
PAGE_BYTES: Final = 2**23
MAX_KEYS: Final = 1_000

Embeddings = Annotated[bool, Query(description="also each post's embedding, and its version")]
Since = Annotated[AwareDatetime | None, Query(alias="from", description="posts of then or later")]
Until = Annotated[AwareDatetime | None, Query(alias="to", description="posts of before then")]


class NamedTexts(StrictBody):
    """Posts that are asked for by key."""

    post_keys: Annotated[list[Key], Field(min_length=1, max_length=MAX_KEYS, fail_fast=True)]


@router.get("/brands/{brand}/texts", response_class=Response, responses=RESPONSES)
async def page_texts(
    brand: KnownBrand,
    resources: Res,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = DEFAULT_ROWS,
    cursor: Cursor = None,
    since: Since = None,
    until: Until = None,
    embeddings: Embeddings = False,  # noqa: FBT002 - a query
) -> Response:
    """Return one page of posts by key, those whose text has expired and removed ones left out.

    Keys are keyed hashes, so the first pages are a fair sample. A page may have fewer posts than `limit`: it ends where
    it is large enough. The header `x-next-cursor` is absent on the last.
    """
    start, end = (_seconds(since, FIRST), _seconds(until, END))
    if start > end:
        raise InputError("`from` must not be after `to`", ("query", "from"))
    place = decode_text_place(cursor)
    after = place[0] if place else ""
    space = await _space(resources.store, brand, place[1] if place else None) if embeddings else None
    query = TextQuery(start, end, after, limit, PAGE_BYTES, embeddings)
    return await _answer(await resources.store.texts(brand, query), space)


@router.post("/brands/{brand}/texts/named", response_class=Response, responses=RESPONSES)
async def find_texts(brand: KnownBrand, named: NamedTexts, resources: Res) -> Response:
    """Return those of the posts that have a text, by key, without embeddings.

    Where they are too large for one answer the header `x-next-cursor` is there: ask again for the keys that come after
    the last one told.
    """
    query = TextQuery(FIRST, END, "", MAX_KEYS, PAGE_BYTES, post_keys=named.post_keys)
    return await _answer(await resources.store.texts(brand, query), None)


async def _answer(page: TextPage, space: EmbeddingSpace | None) -> Response:
    body = await asyncio.to_thread(arrow_texts, page.posts, space)
    cursor = text_cursor(page, space.version if space else "")
    return Response(body, media_type=MEDIA_TYPE, headers={"x-next-cursor": cursor} if cursor else None)


async def _space(store: ProfileStore, brand: str, version: str | None) -> EmbeddingSpace:
    """Return the space of a version, without one that of the brand's latest posts, as features tell it."""
    if version is None:
        return await store.embedding_space(brand) or EmbeddingSpace()
    return EmbeddingSpace(version, (await store.embedding_lengths()).get(version, 0))


def _seconds(moment: AwareDatetime | None, otherwise: int) -> int:
    return otherwise if moment is None else math.ceil(moment.timestamp())
