"""How well one k fits."""

from typing import Self

from shared.analysis import Frozen
from shared.small_groups import LEAST_PEOPLE


class KScore(Frozen):
    """How well one k fits; measured on the authors that k was searched on, or on a sample of those.

    `inertia` is the sum of squared distances to the centres. `silhouette` is the mean silhouette in [-1, 1] (Rousseeuw
    1987) of a bounded sample. `calinski_harabasz` (1974; from 0, higher is better) is the variance between clusters by
    that within, `davies_bouldin` (1979; from 0, lower is better) the mean likeness of each cluster to its nearest. Each
    is None where the sample fell into one cluster.

    `stability` is the mean adjusted Rand index (Hubert & Arabie 1985; 1 the same groups, 0 as by chance) between these
    clusters and those that bootstrap resamples of the authors give. `gap` is by how much the logarithm of inertia fell
    below that of one cluster, more than it does in uniform data of the same spread (Tibshirani, Walther & Hastie 2001);
    `gap_error` is its standard error. None where there are too few different authors to say, and in runs that an
    earlier version kept.

    The sizes are those of the clusters as they would be shown, None where an earlier version kept those of a cluster
    of fewer than five authors.
    """

    k: int
    inertia: float
    silhouette: float | None
    calinski_harabasz: float | None = None
    davies_bouldin: float | None = None
    stability: float | None = None
    gap: float | None = None
    gap_error: float | None = None
    largest_share: float | None
    smallest_size: int | None

    def told(self) -> Self:
        """Return the score without the sizes of clusters of fewer than five authors."""
        if self.smallest_size is None or self.smallest_size >= LEAST_PEOPLE:
            return self
        return self.model_copy(update={"smallest_size": None, "largest_share": None})
