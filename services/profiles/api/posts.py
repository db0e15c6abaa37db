"""Deliveries of analyzed posts."""

from fastapi import APIRouter

from services.profiles.api.dependencies import Res
from services.profiles.delivery import Delivery, DeliveryAnswer, Inquiry, InquiryAnswer
from shared.access import Scope
from shared.brand import Brand
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["posts"])


@router.post("/brands/{brand}/posts", dependencies=[requires(Scope.WRITE)])
async def fold_posts(brand: Brand, delivery: Delivery, resources: Res) -> DeliveryAnswer:
    """Count each post that was not counted yet; an answer means that all are, durably. Safe to repeat."""
    count = await resources.store.fold(brand, delivery.posts)
    resources.metrics.observe(count)
    return DeliveryAnswer(folded=count.folded, duplicates=count.duplicates)


@router.post("/brands/{brand}/posts/counted", dependencies=[requires(Scope.WRITE)])
async def find_counted(brand: Brand, inquiry: Inquiry, resources: Res) -> InquiryAnswer:
    """Tell which of the post keys are counted already, so that a replay need not have them analysed again."""
    counted = await resources.store.counted(brand, inquiry.post_keys)
    return InquiryAnswer(counted=list(counted))
