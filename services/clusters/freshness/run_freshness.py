"""How old a run's clusters have become: who was assigned since the training, and how well they fit. Pure."""

import base64
import math
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Self

from pydantic import Field

from shared.analysis import Frozen

_REGISTERS: Final = 16**3
"""Of an author key three hex digits name a register, and the next ten are its hash: a count is right to about 1.6 %."""
_HASH: Final = slice(3, 13)
_HASH_BITS: Final = 40
_CORRECTION: Final = 0.7213 / (1 + 1.079 / _REGISTERS)
_FEW: Final = 2.5 * _REGISTERS
LEAST_PLACED: Final = 20
"""Fewer authors tell no drift."""
FARTHEST: Final = 10.0
"""A distance counts as so many times the usual one at the most: one author is no drift."""

Number = Annotated[int, Field(ge=0)]


class RunFreshness(Frozen):
    """What became of a run's clusters since its training.

    `through` is the number of the last change of profiles that is in the clusters. `registers`, base64 of a byte each,
    count the different authors assigned since (Flajolet et al., "HyperLogLog", AofA 2007): no author key can be read
    from them, and most authors leave the same trace as thousands of others. `placed` and `distances` count assignments
    and add up their distances, each in the mean distance of its cluster's own members at the training.
    """

    run_id: str
    through: Number
    registers: str = ""
    placed: Number = 0
    distances: float = 0.0

    def with_assigned(self, author_keys: Iterable[str], distances: Sequence[float], through: int) -> Self:
        """Return the freshness after more authors were assigned; an author may be assigned again."""
        ranks = self._ranks()
        for key in author_keys:
            place, rank = int(key[:3], 16), _HASH_BITS + 1 - int(key[_HASH], 16).bit_length()
            ranks[place] = max(ranks[place], rank)
        return self.model_copy(
            update={
                "through": through,
                "registers": base64.b64encode(ranks).decode(),
                "placed": self.placed + len(distances),
                "distances": self.distances + sum(min(distance, FARTHEST) for distance in distances),
            }
        )

    @property
    def assigned(self) -> int:
        """How many different authors were assigned since the training, to about 1.6 %; few are counted closer."""
        ranks = self._ranks()
        empty = ranks.count(0)
        estimate = _CORRECTION * _REGISTERS**2 / sum(2.0**-rank for rank in ranks)
        if estimate <= _FEW and empty:
            estimate = _REGISTERS * math.log(_REGISTERS / empty)
        return round(estimate)

    @property
    def drift(self) -> float | None:
        """How much farther from their centroids those assigned since lie than the training's own authors.

        0.2 is a fifth farther, and nought or less no drift; None while fewer than twenty were assigned.
        """
        return self.distances / self.placed - 1.0 if self.placed >= LEAST_PLACED else None

    def _ranks(self) -> bytearray:
        return bytearray(base64.b64decode(self.registers)) if self.registers else bytearray(_REGISTERS)
