"""Posts taken in over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from services.ingest.api.dependencies import Res
from services.ingest.pipeline import Receipt
from shared.access import Scope
from shared.brand import Brand
from shared.character_references import resolve_references
from shared.strict_body import StrictBody
from shared.web.auth import requires

MAX_POSTS = 1000
_HOLDS = {"x-holds": [1000, 12]}
"""Values and keys of one post, and how deep: far more than a post has, for clients send on what they were given."""

router = APIRouter(prefix="/v1", tags=["posts"])


class PostsIn(StrictBody):
    """Posts about one brand; each is checked by itself, so that a bad one never spoils its neighbours."""

    brand: Brand
    posts: Annotated[
        list[Annotated[Any, Field(json_schema_extra=_HOLDS)]],
        Field(min_length=1, max_length=MAX_POSTS, fail_fast=True),
    ]


@router.post("/posts", dependencies=[requires(Scope.WRITE)])
async def take_posts(body: PostsIn, resources: Res) -> Receipt:
    """Take 1 to 1000 posts in. Accepted means durable: folded, or dropped for an author who was erased.

    A post of one of the brand's accounts is its own voice, as is one that says `"voice": "internal"`.
    HTML's character references in texts (`&amp;`, `&#39;`) are resolved, once.
    503 with Retry-After where a peer is away or too much is being worked on: nothing was acknowledged,
    send the same body again. A post that was folded before counts as a duplicate and changes nothing.
    """
    receipt = await resources.pipeline.deliver(body.brand, [_plain(post) for post in body.posts])
    resources.metrics.count(receipt)
    return receipt


def _plain(post: Any) -> Any:
    if isinstance(post, dict) and isinstance(text := post.get("text"), str) and "&" in text:
        return {**post, "text": resolve_references(text)}
    return post
