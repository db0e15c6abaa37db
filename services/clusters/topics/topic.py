"""What is told of topics."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from services.clusters.bases.basis import Basis
from services.clusters.terms.class_terms import WeightedTerm
from shared.analysis import Frozen
from shared.strict_body import StrictBody

MOST_CLUSTER_ID = 2**31 - 1

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Coherence = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class TopicMethod(StrEnum):
    """How topics are found: by words that are used together, or by posts that mean alike."""

    LDA = "lda"
    EMBEDDING = "embedding"


class TopicRequest(StrictBody):
    """Whose topics to find, and how: a brand's, or those of one of its clusters by a basis."""

    model_config = ConfigDict(frozen=True)

    method: TopicMethod
    cluster: Annotated[int, Field(ge=0, le=MOST_CLUSTER_ID, strict=True)] | None = None
    basis: Basis | None = None
    seed: Annotated[int, Field(ge=0, le=2**32 - 1, strict=True)] = 0

    @property
    def subject(self) -> str:
        """Return what a brand has one active and one current run of."""
        return subject_of(self.method, self.cluster, self.basis)

    @property
    def words(self) -> str:
        """Return what distinguishes the request from others of its subject."""
        return f"seed {self.seed}"


def subject_of(method: TopicMethod, cluster: int | None, basis: Basis | None) -> str:
    """Return the subject of topics by a method, of one cluster where it is given."""
    whose = "" if cluster is None else f" of cluster {cluster} by {basis or Basis.BEHAVIOUR}"
    return f"topics by {method}{whose}"


class Topic(Frozen):
    """What some posts are about.

    `name` is its first terms. `share` is of the posts that have a topic. `npmi` tells how much its terms occur
    together. `trend` is by how much its share of the later half of the posts is above that of the earlier half, in
    [-1, 1]; None where all posts are of one hour. `mean_score` is the posts' sentiment, None where unknown.
    `languages` are shares of its posts, the commonest first.
    """

    id: Annotated[int, Field(ge=0)]
    name: str
    terms: list[WeightedTerm]
    posts: Annotated[int, Field(ge=0)]
    authors: Annotated[int, Field(ge=0)]
    share: Share
    mean_score: Share | None
    npmi: Coherence | None
    trend: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | None
    languages: dict[str, Share]


class TopicPoint(Frozen):
    """A topic in one bucket of time; `share` is of the bucket's posts that have a topic."""

    start: AwareDatetime
    topic: Annotated[int, Field(ge=0)]
    posts: Annotated[int, Field(ge=0)]
    share: Share
    mean_score: Share | None


class TopicHistory(Frozen):
    """Topics over time: a point for each topic and bucket, but for those of fewer than five people (`withheld`)."""

    bucket: Literal["hour", "day", "week", "month"]
    points: list[TopicPoint]
    withheld: Annotated[int, Field(ge=0)]


class Outliers(Frozen):
    """Posts that are no nearer to their topic than to all posts together; they count in it all the same.

    `without_topic` are posts that say nothing, and count nowhere. None where they are of fewer than five people.
    """

    posts: Annotated[int, Field(ge=0)] | None
    share: Share | None
    without_topic: Annotated[int, Field(ge=0)] | None


class FoundTopics(Frozen):
    """The topics of a brand or a cluster, the largest first, and how good they are.

    `npmi` is the mean of the topics' coherence in [-1, 1], `diversity` the share of different words among all topics'
    first ten, `reason` says why there are so many. `posts` and `authors` are those that have a topic.
    """

    npmi: Coherence | None
    diversity: Share | None
    reason: str
    posts: Annotated[int, Field(ge=0)]
    authors: Annotated[int, Field(ge=0)]
    items: list[Topic]
    over_time: TopicHistory
    outliers: Outliers
