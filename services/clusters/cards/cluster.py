"""A cluster as it is shown: its card."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from shared.analysis import Frozen
from shared.small_groups import LEAST_PEOPLE, withheld

Share = Annotated[float, Field(ge=0, le=1)]


class Distinctive(Frozen):
    """A feature in which a cluster differs from all authors.

    `cluster_mean` and `overall_mean` are means of known values in the feature's own unit. `z` is the
    distance of the cluster's mean from the overall mean in overall standard deviations, measured after
    log1p for heavy-tailed counts: the scale that the clusters were made on.
    """

    feature: str
    cluster_mean: float
    overall_mean: float
    z: float
    words: str


class ClusterCard(Frozen):
    """A described cluster.

    `centroid` is the mean of each feature in its own unit, None where it is known for fewer than five
    authors. `mean_score` is weighted by scored posts, None where fewer than five authors have any. `languages` are
    shares of the authors by main language, those of fewer than five left out. What is left out for that reason cannot
    be reckoned from the other cards and the totals: more is left out beside it (`shared.small_groups`).
    `stability` is the mean Jaccard similarity under resampling (`services.clusters.fits.kmeans.stability`).
    """

    id: Annotated[int, Field(ge=0)]
    described: Literal[True] = True
    name: str
    size: Annotated[int, Field(ge=LEAST_PEOPLE)]
    share: Share
    centroid: dict[str, float | None]
    distinctive: list[Distinctive]
    mean_score: Share | None
    languages: dict[str, Share]
    top_terms: list[str] = Field(default=[])
    top_categories: list[str] = Field(default=[])
    stability: Share


class SmallCluster(Frozen):
    """A cluster of which nothing is told: of fewer than five authors, or withheld beside one.

    Size and share are known in runs alone that an earlier version kept.
    """

    id: Annotated[int, Field(ge=0)]
    described: Literal[False] = False
    size: Annotated[int, Field(ge=1)] | None = None
    share: Share | None = None


Cluster = Annotated[ClusterCard | SmallCluster, Field(discriminator="described")]


def told(clusters: Sequence[ClusterCard | SmallCluster]) -> list[ClusterCard | SmallCluster]:
    """Return the cards that may be shown: nothing is left of the totals that is of fewer than five authors."""
    hidden = withheld({cluster.id: cluster.size for cluster in clusters if cluster.size is not None})
    return [
        SmallCluster(id=cluster.id) if cluster.id in hidden or isinstance(cluster, SmallCluster) else cluster
        for cluster in clusters
    ]
