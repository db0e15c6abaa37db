"""Who is in a cluster, over HTTP: pseudonymous profiles, for keys that may see evidence."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.clusters.api.clusters import WantedBasis, card_of, current_run
from services.clusters.api.dependencies import Res
from services.clusters.bases.basis import Basis
from services.clusters.cards.cluster import ClusterCard
from shared.access import Scope
from shared.analysis import Frozen
from shared.analyzed_post import Key
from shared.brand import Brand
from shared.errors import InputError, PeerRefusedError
from shared.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from shared.web.auth import requires
from shared.web.dependencies import Cursor

router = APIRouter(
    prefix="/v1/brands/{brand}/clusters/{cluster_id}/members",
    tags=["clusters"],
    dependencies=[requires(Scope.EVIDENCE)],
)

_UNPROCESSABLE = 422


class Member(Frozen):
    """An author of a cluster; the whole profile is profiles' to show."""

    author_key: Key
    platform: str
    posts: int
    mean_score: float | None
    last_seen: AwareDatetime


@router.get("")
async def list_members(
    brand: Brand,
    cluster_id: int,
    resources: Res,
    basis: WantedBasis = Basis.BEHAVIOUR,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Member]:
    """The authors of one cluster, by key, with those assigned since the training; none of a cluster of few people."""
    card = card_of(await current_run(resources, brand, basis), cluster_id)
    if not isinstance(card, ClusterCard):
        return Page[Member].of([], limit, lambda member: [member.author_key])
    try:
        found, following = await resources.profiles.members(brand, basis, cluster_id, limit, cursor)
    except PeerRefusedError as error:
        if error.status != _UNPROCESSABLE:
            raise
        raise InputError("cursor is not one that this list gave; leave it out", ("query", "cursor")) from None
    page = Page[Member].of([Member.model_validate(one) for one in found], limit, lambda member: [member.author_key])
    return page.model_copy(update={"next_cursor": following})
