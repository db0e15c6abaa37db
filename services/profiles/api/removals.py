"""Posts and authors that a platform says are gone."""

from fastapi import APIRouter

from services.profiles.api.dependencies import Res
from shared.brand import Brand
from shared.removal import RemovalAnswer, RemovalDelivery
from shared.web.auth import for_services

router = APIRouter(prefix="/v1", tags=["removals"], dependencies=[for_services()])


@router.post("/brands/{brand}/removals")
async def remove_posts(brand: Brand, delivery: RemovalDelivery, resources: Res) -> RemovalAnswer:
    """Take 1 to 1000 posts or authors out of the profiles, and keep them out; an answer means that it is durable.

    A post that is not known yet is refused when it comes, unless `early` is false. Safe to repeat.
    """
    authors: dict[str, int] = {}
    for removal in delivery.removals:
        if removal.author_key is not None and removal.through is not None:
            hour = int(removal.through.timestamp())
            authors[removal.author_key] = max(hour, authors.get(removal.author_key, hour))
    post_keys = [removal.post_key for removal in delivery.removals if removal.post_key is not None]
    count = await resources.store.remove(brand, post_keys, authors, early=delivery.early)
    resources.metrics.observe_removals(count)
    return RemovalAnswer(removed=count.removed, unknown=count.unknown)
