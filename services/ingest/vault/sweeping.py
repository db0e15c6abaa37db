"""Removal of what has expired in the vault."""

from typing import Final

import structlog

from services.ingest.vault.vault import Vault
from shared.clock import Clock
from shared.errors import VoxpopError

SWEEP_SECONDS: Final = 600.0
log = structlog.get_logger(__name__)


async def keep_swept(vault: Vault, clock: Clock) -> None:
    """Remove expired rows every 10 minutes until cancelled; a store that is away is tried again then."""
    while True:
        try:
            await vault.sweep()
        except VoxpopError as error:
            log.warning("vault.not_swept", error=type(error).__name__)
        await clock.sleep(SWEEP_SECONDS)
