"""Erasures: authors removed for good, out of every brand."""

from fastapi import APIRouter

from services.profiles.api.dependencies import Res
from shared.access import Scope
from shared.erasure import ErasedOfBrand, ErasureOrder, ErasureReport
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["erasures"], dependencies=[requires(Scope.ADMIN)])


@router.post("/erasures")
async def erase_author(order: ErasureOrder, resources: Res) -> ErasureReport:
    """Remove an author from every brand, and keep them out; an answer means that it is durable. Safe to repeat.

    For ingest: a caller that has a raw id asks ingest's `POST /v1/erasures`, which removes drafts and tickets too.
    """
    erased = await resources.store.erase(order.author_key)
    resources.withheld.changed()
    items = [
        ErasedOfBrand(brand=one.brand, posts=one.posts, texts=one.texts, assignments=one.assignments) for one in erased
    ]
    return ErasureReport(items=items)
