"""What ingest keeps, port by port; each port says in its own module what it promises."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.ingest.brands.stores.base import BrandStore
from services.ingest.erasures.stores.base import ErasureStore
from services.ingest.replies.stores.base import ReplyStore
from services.ingest.streams.stores.base import SpendStore, StreamStore
from services.ingest.vault.stores.base import VaultStore
from shared.rounds import RoundStore


@dataclass(frozen=True)
class IngestStore:
    """The open ports of one store; `check_ready` returns where it answers and raises where it does not.

    `scrub` takes what was deleted out of the files, as far as the store can.
    """

    streams: StreamStore
    spend: SpendStore
    brands: BrandStore
    vault: VaultStore
    replies: ReplyStore
    rounds: RoundStore
    erasures: ErasureStore
    check_ready: Callable[[], Awaitable[None]]
    scrub: Callable[[], Awaitable[object]]
