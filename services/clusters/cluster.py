"""A cluster as it is shown: its card."""

from typing import Annotated, Literal

from pydantic import Field

from shared.analysis import Frozen

Share = Annotated[float, Field(ge=0, le=1)]

MIN_DESCRIBED = 5
"""A cluster of fewer authors is never described: its figures would be those of a person."""


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
    authors. `mean_score` is weighted by scored posts. `languages` are shares of the authors by main language.
    `stability` is the mean Jaccard similarity under resampling (`services.clusters.kmeans.stability`).
    """

    id: Annotated[int, Field(ge=0)]
    described: Literal[True] = True
    name: str
    size: Annotated[int, Field(ge=MIN_DESCRIBED)]
    share: Share
    centroid: dict[str, float | None]
    distinctive: list[Distinctive]
    mean_score: Share | None
    languages: dict[str, Share]
    top_terms: list[str] = Field(default=[])
    top_categories: list[str] = Field(default=[])
    stability: Share


class SmallCluster(Frozen):
    """A cluster of fewer than five authors: its size is all that is said."""

    id: Annotated[int, Field(ge=0)]
    described: Literal[False] = False
    size: Annotated[int, Field(ge=1, lt=MIN_DESCRIBED)]
    share: Share


Cluster = Annotated[ClusterCard | SmallCluster, Field(discriminator="described")]
