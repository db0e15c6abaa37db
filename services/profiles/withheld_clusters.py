"""Published clusters that no answer names: of few people, or told beside one that is."""

import math
from collections.abc import Mapping
from typing import Final

from services.profiles.stores.base import ProfileStore
from shared.clock import Clock
from shared.small_groups import withheld

SECONDS: Final = 10.0
"""For how long sizes are known: another replica may erase an author, or publish, meanwhile."""
MOST_BRANDS: Final = 1000

Withheld = Mapping[str, frozenset[int]]
"""Clusters by basis."""


class WithheldClusters:
    """Says which clusters are withheld, by what the store has of each now: erasures make clusters smaller.

    Clusters are made of five people and more; those of an earlier version, and those that authors left since, may have
    fewer, and with the card that was made of all of them four people would tell of the fifth.
    """

    def __init__(self, store: ProfileStore, clock: Clock) -> None:
        """Ask `store`, each 10 s at the most for a brand."""
        self._store = store
        self._clock = clock
        self._known: dict[str, tuple[float, Withheld]] = {}

    async def of(self, brand: str) -> Withheld:
        """Return what is withheld of a brand; raises as the store does."""
        until, known = self._known.get(brand, (-math.inf, {}))
        now = self._clock.monotonic()
        if now >= until:
            sizes = await self._store.cluster_sizes(brand)
            known = {basis: withheld(of_basis) for basis, of_basis in sizes.items()}
            if len(self._known) >= MOST_BRANDS:
                self._known.clear()
            self._known[brand] = now + SECONDS, known
        return known

    def changed(self) -> None:
        """Say that clusters may have other authors now."""
        self._known.clear()


def shown(clusters: Mapping[str, int], hidden: Withheld) -> dict[str, int]:
    """Return an author's clusters, by basis, that may be told."""
    return {basis: cluster for basis, cluster in clusters.items() if cluster not in hidden.get(basis, frozenset())}
