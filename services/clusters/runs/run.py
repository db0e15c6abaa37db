"""One training of clusters, from the request to its end."""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError, WrapValidator
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from services.clusters.bases.basis import Basis, DroppedFeature, FilledFeature, LeftOut
from services.clusters.bases.fitted import DEFAULT_WEIGHT
from services.clusters.cards.cluster import Cluster
from services.clusters.fits.score import KScore
from services.clusters.lineage.run_diff import RunDiff
from services.clusters.topics.topic import TopicRequest
from shared.analysis import Frozen
from shared.strict_body import StrictBody

MAX_SEED = 2**32 - 1
UNTOLD = "the reason names clusters of fewer than five people, of which nothing is told; train again for a new one"


class RunStatus(StrEnum):
    """`queued → running → succeeded / failed / cancelled`."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED})


class Stage(StrEnum):
    """What a run is doing."""

    QUEUED = "queued"
    READING = "reading"
    SCALING = "scaling"
    SEARCHING = "searching k"
    FITTING = "fitting"
    DESCRIBING = "describing"
    ASSIGNING = "assigning"
    PUBLISHING = "publishing"
    DONE = "done"


def _k_in_words(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        raise ValueError('must be "auto" or a whole number from 2 to 50') from None


K = Annotated[
    Literal["auto"] | Annotated[int, Field(ge=2, le=50, strict=True)],
    WrapValidator(_k_in_words),
]


class RunKind(StrEnum):
    """What a run finds."""

    CLUSTERS = "clusters"
    TOPICS = "topics"


class RunRequest(StrictBody):
    """What to train: `k` is the number of clusters, `auto` lets the run choose it.

    `weight` is how much interests count beside behaviour in `combined`: their share of the total variance, 0 to 1.
    """

    model_config = ConfigDict(frozen=True)

    basis: Basis = Basis.BEHAVIOUR
    k: K = "auto"
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, strict=True)] = 0
    weight: Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)] = DEFAULT_WEIGHT

    @property
    def subject(self) -> str:
        """Return what a brand has one active and one current run of."""
        return self.basis.value

    @property
    def words(self) -> str:
        """Return what distinguishes the request from others of its subject."""
        return f"k {self.k} and seed {self.seed}"


class RunSummary(Frozen):
    """A run without what it found; immutable once `status` has ended. `error` is a sentence for a person.

    `authors` took part; `authors_left_out` counts those who did not. `filled_features` are unknown of some authors,
    who are placed at the median of the others. `code_version` is the voxpop that trained,
    `through` the number of the last change of profiles that it has seen. `lineage` tells what became
    of the clusters of the run `before`, which was current then.
    """

    run_id: str
    brand: str
    kind: RunKind = RunKind.CLUSTERS
    request: RunRequest | TopicRequest
    status: RunStatus = RunStatus.QUEUED
    stage: Stage = Stage.QUEUED
    progress: Annotated[float, Field(ge=0, le=1)] = 0.0
    submitted_at: AwareDatetime
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    error: str | None = None
    authors: int | None = None
    k: int | None = None
    reason: str | None = None
    scores: list[KScore] = Field(default=[])
    features: list[str] = Field(default=[])
    dropped_features: list[DroppedFeature] = Field(default=[])
    filled_features: list[FilledFeature] = Field(default=[])
    authors_left_out: LeftOut = LeftOut()
    embedding_version: str | None = None
    code_version: str | None = None
    through: int | None = None
    before: str | None = None
    lineage: RunDiff | None = None

    @property
    def training(self) -> RunRequest:
        """Return what was asked of a run of clusters; raises TypeError for one of topics."""
        if isinstance(self.request, TopicRequest):
            raise TypeError(f"run {self.run_id} is of topics")
        return self.request

    @property
    def ended(self) -> bool:
        """Tell whether nothing will change any more."""
        return self.status in ENDED

    def told(self) -> Self:
        """Return the run as it may be shown, also where an earlier version kept what is not told any more."""
        before = any(score.told() != score for score in self.scores)
        reason = {"reason": UNTOLD} if before else {}
        return self.model_copy(update={"scores": [score.told() for score in self.scores], **reason})


class Run(RunSummary):
    """A run with the cards of its clusters, in the order of their ids.

    `examples` are the keys of posts that stand for each cluster; their texts are with profiles, which lets them expire.
    """

    clusters: list[Cluster] = Field(default=[])
    examples: dict[int, list[str]] = Field(default={})

    def ending(self, status: RunStatus, at: datetime, error: str | None = None) -> Self:
        """Return the run as it ended without clusters."""
        return self.model_copy(update={"status": status, "ended_at": at, "error": error})


def new_run_id(at: datetime) -> str:
    """Return a fresh id; ids sort by the time of submission."""
    return f"{at:%Y%m%dt%H%M%S}-{at.microsecond:06d}-{secrets.token_hex(4)}"
