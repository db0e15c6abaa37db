"""How the stores write moments and sentences, the same in both."""

from datetime import UTC, datetime
from typing import Final

from services.ingest.replies.ticket import TicketDelivery

FULL: Final = "not delivered: too many deliveries were waiting"


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970, cut."""
    return (moment - _EPOCH) // _MILLISECOND


def missing(reply_id: str) -> str:
    """Return the sentence for a reply that is not there."""
    return f"there is no reply '{reply_id}'; GET /v1/replies lists those there are"


def left_out(delivery: TicketDelivery) -> TicketDelivery:
    """Return a delivery that the full queue did not take."""
    return delivery.model_copy(update={"state": "failed", "known": FULL})


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC) - _EPOCH
