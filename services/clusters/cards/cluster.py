"""A cluster as it is shown: its card."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from services.clusters.terms.class_terms import WeightedTerm
from shared.analysis import EntityType, Frozen
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


class CategoryShare(Frozen):
    """A category of a cluster's posts, and its share of those that have one."""

    category: str
    share: Share


class TopEntity(Frozen):
    """A named entity, written as it is most often, and how much it sets its cluster apart (class-based TF-IDF)."""

    text: str
    type: EntityType
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ScorePoint(Frozen):
    """The mean score of a day, or of the week that begins with it (UTC)."""

    start: date
    mean_score: Share


class ScoreTrend(Frozen):
    """How the mean score of a cluster's posts moves; days or weeks in which fewer than five people wrote are left out.

    `words` tell the direction of a least-squares line through the posts: `steady` where it moves by less than 0.05 or
    is not two standard errors away from flat.
    """

    by: Literal["day", "week"]
    words: Literal["rising", "falling", "steady"]
    points: list[ScorePoint]


def _of_earlier(value: Any) -> Any:
    """Return a term of a run of an earlier version, which kept the word alone, as it is kept now."""
    return {"term": value, "weight": 0.0} if isinstance(value, str) else value


def _category_of_earlier(value: Any) -> Any:
    return {"category": value, "share": 0.0} if isinstance(value, str) else value


KeptTerm = Annotated[WeightedTerm, BeforeValidator(_of_earlier)]
KeptCategory = Annotated[CategoryShare, BeforeValidator(_category_of_earlier)]


class ClusterCard(Frozen):
    """A described cluster.

    `centroid` is the mean of each feature in its own unit, None where it is known for fewer than five
    authors. `mean_score` is weighted by scored posts, None where fewer than five authors have any. `languages` are
    shares of the authors by main language, those of fewer than five left out. What is left out for that reason cannot
    be reckoned from the other cards and the totals: more is left out beside it (`shared.small_groups`).
    `hours` are shares of the posts by hour of the day, `weekdays` of the posts looked at (both UTC). `top_terms`,
    `top_entities`, `top_categories` and `score_trend` are of the posts looked at, a fair sample: a term or entity was
    written by five people of the cluster at least; none is sensitive, and of a cluster that is about something
    sensitive none is told. `stability` is the mean Jaccard similarity under resampling.
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
    top_terms: list[KeptTerm] = Field(default=[])
    top_categories: list[KeptCategory] = Field(default=[])
    top_entities: list[TopEntity] = Field(default=[])
    score_trend: ScoreTrend | None = None
    hours: dict[str, Share] = Field(default={})
    weekdays: dict[str, Share] = Field(default={})
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
