"""How old a run's clusters have become: who was assigned since the training, and how well they fit. Pure."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Self

from pydantic import Field

from shared.analysis import Frozen

KEPT: Final = 1024
"""Of an author key the first 13 hex digits are a number; the smallest of so many tell how many there are to 3 %."""
_DIGITS: Final = 13
_RANGE: Final = 16**_DIGITS
LEAST_PLACED: Final = 20
"""Fewer authors tell no drift."""
FARTHEST: Final = 10.0
"""A distance counts as so many times the usual one at the most: one author is no drift."""

Number = Annotated[int, Field(ge=0)]


class RunFreshness(Frozen):
    """What became of a run's clusters since its training.

    `through` is the number of the last change of profiles that is in the clusters. `smallest` are the smallest numbers
    of the authors assigned since (Bar-Yossef et al., "Counting Distinct Elements in a Data Stream", RANDOM 2002), and
    `placed` and `distances` count assignments and add up their distances, each in the mean distance of its cluster's
    own members at the training.
    """

    run_id: str
    through: Number
    smallest: list[Number] = Field(default=[])
    placed: Number = 0
    distances: float = 0.0

    def with_assigned(self, author_keys: Iterable[str], distances: Sequence[float], through: int) -> Self:
        """Return the freshness after more authors were assigned; an author may be assigned again."""
        numbers = {int(key[:_DIGITS], 16) for key in author_keys} | set(self.smallest)
        return self.model_copy(
            update={
                "through": through,
                "smallest": sorted(numbers)[:KEPT],
                "placed": self.placed + len(distances),
                "distances": self.distances + sum(min(distance, FARTHEST) for distance in distances),
            }
        )

    @property
    def assigned(self) -> int:
        """How many different authors were assigned since the training; exact below 1,024, then to about 3 %."""
        if len(self.smallest) < KEPT:
            return len(self.smallest)
        return round((KEPT - 1) * _RANGE / max(self.smallest[-1], 1))

    @property
    def drift(self) -> float | None:
        """How much farther from their centroids those assigned since lie than the training's own authors.

        0.2 is a fifth farther, and nought or less no drift; None while fewer than twenty were assigned.
        """
        return self.distances / self.placed - 1.0 if self.placed >= LEAST_PLACED else None
