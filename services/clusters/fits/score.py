"""How well one k fits."""

from typing import Self

from shared.analysis import Frozen
from shared.small_groups import LEAST_PEOPLE


class KScore(Frozen):
    """How well one k fits; measured on the authors that k was searched on.

    `inertia` is the sum of squared distances to the centres, `silhouette` the mean silhouette in
    [-1, 1] of a bounded sample (None where the sample fell into one cluster). The sizes are those of the clusters as
    they would be shown, None where an earlier version kept those of a cluster of fewer than five authors.
    """

    k: int
    inertia: float
    silhouette: float | None
    largest_share: float | None
    smallest_size: int | None

    def told(self) -> Self:
        """Return the score without the sizes of clusters of fewer than five authors."""
        if self.smallest_size is None or self.smallest_size >= LEAST_PEOPLE:
            return self
        return self.model_copy(update={"smallest_size": None, "largest_share": None})
