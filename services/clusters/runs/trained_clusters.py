"""All that is computed between reading features and writing assignments. Pure, deterministic, slow: for the worker."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.clusters.bases.basis import Basis, CannotTrainError, DroppedFeature, FilledFeature, LeftOut
from services.clusters.bases.fitted import fit_basis
from services.clusters.bases.matrix import FeatureMatrix, Floats
from services.clusters.cards.cluster import Cluster
from services.clusters.cards.description import WITHOUT_POSTS, Opinions, describe, described_clusters
from services.clusters.cards.post_summary import PostSummaries
from services.clusters.catalog.interests import RunInterests, clustered_posts, interests_of
from services.clusters.fits.kmeans import (
    Rows,
    TrainingBudget,
    distinct_rows,
    joined,
)
from services.clusters.fits.map_points import map_points
from services.clusters.fits.run_model import RunModel
from services.clusters.fits.score import KScore
from services.clusters.fits.search import search
from services.clusters.fits.selection import Choice
from services.clusters.fits.stability import clusterwise
from services.clusters.lineage.continuity import Earlier, aligned, continued, placed
from services.clusters.lineage.run_diff import UNKNOWN, RunDiff, diff, earlier_ids
from services.clusters.posts import PostTable
from services.clusters.runs.assignments import NOBODY
from services.clusters.runs.run import RunRequest, Stage
from services.clusters.runs.run_map import RunMap
from services.clusters.worker import TableFile
from shared.small_groups import LEAST_PEOPLE

FEWEST_AUTHORS = 10
FEW = 1_000
"""Among so many authors there are mostly enough different ones; all are looked at where there are not."""

DIFFER = {Basis.BEHAVIOUR: "behave", Basis.INTERESTS: "write", Basis.COMBINED: "write and behave"}
JOINED = f"; clusters of fewer than {LEAST_PEOPLE} people are joined with the nearest one"

Advance = Callable[[Stage, float], None]
"""Told the stage and how much of it is done, 0 to 1."""


def quietly(_stage: Stage, _done: float) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Before:
    """The run before: the cluster of each author (`author_key`, `cluster`), every id it used, its own id and model."""

    members: pa.Table
    used: frozenset[int]
    run_id: str | None = None
    model: bytes | None = None

    def of(self, matrix: FeatureMatrix) -> Earlier:
        """Return what it says of the authors of a matrix."""
        ids = earlier_ids(matrix.author_keys, self.members)
        model = RunModel.from_bytes(self.model) if self.model is not None else None
        return Earlier(placed(ids, matrix.table, model), self.used)


NOTHING_BEFORE = Before(NOBODY, frozenset())


@dataclass(frozen=True)
class TrainedClusters:
    """What a training found; `assignments` has the columns `author_key` (ascending) and `cluster`.

    `flows` are clusters of the run before and of this one with the authors that went from one to the other.
    `features` are what authors were compared by, `filled` those of them that are unknown of some authors. `through` is
    the number of the last change of profiles that was read.
    """

    assignments: pa.Table
    choice: Choice
    scores: list[KScore]
    features: list[str]
    dropped: list[DroppedFeature]
    filled: list[FilledFeature]
    left_out: LeftOut
    model: RunModel
    map: RunMap
    before: str | None
    lineage: RunDiff | None
    clusters: list[Cluster]
    examples: dict[int, list[str]]
    interests: RunInterests | None = None
    flows: list[tuple[int, int, int]] | None = None
    through: int = 0

    @property
    def author_keys(self) -> list[str]:
        """Return the authors."""
        keys: list[str] = self.assignments["author_key"].to_pylist()
        return keys

    @property
    def cluster_ids(self) -> list[int]:
        """Return the cluster of each author."""
        ids: list[int] = self.assignments["cluster"].to_pylist()
        return ids

    def artifacts(self) -> dict[str, bytes]:
        """Return what is kept beside the cards, by name."""
        kept = {"model": self.model.to_bytes(), "map": self.map.to_bytes()}
        if self.interests is not None:
            kept["interests"] = self.interests.model_dump_json().encode()
        if self.flows is not None:
            kept["flows"] = json.dumps(self.flows).encode()
        return kept


def train_file(
    advance: Advance,
    features: TableFile,
    request: RunRequest,
    before: Before,
    budget: TrainingBudget,
    posts: TableFile,
    examples: int,
) -> TrainedClusters:
    """Train as `train` does, in a worker process; `posts` has the table of the brand's posts."""
    return train(features.read(), request, before, budget, advance, PostTable(posts.read()), examples)


def train(
    table: pa.Table,
    request: RunRequest,
    before: Before = NOTHING_BEFORE,
    budget: TrainingBudget | None = None,
    advance: Advance = quietly,
    posts: PostTable | None = None,
    examples: int = 0,
) -> TrainedClusters:
    """Group the authors of `table`, which has the columns that the request's basis reads.

    The same rows, request and run before give the same clusters, whatever the order of the rows and
    the number of threads. Raises CannotTrainError where there is nothing to group.
    """
    budget = budget or TrainingBudget()
    advance(Stage.SCALING, 0.0)
    fitted_basis, matrix = fit_basis(table, request.basis, request.weight, request.seed)
    rows = np.ascontiguousarray(matrix.scaled, dtype=np.float32)
    _check(matrix, rows, request)
    advance(Stage.SEARCHING, 0.0)
    found = search(rows, request.k, request.seed, budget, partial(advance, Stage.SEARCHING))
    earlier = before.of(matrix)
    found = continued(rows, found, earlier, k_is_free=request.k == "auto")
    choice, fitted = found.choice, joined(rows, found.fit, LEAST_PEOPLE)
    if fitted is not found.fit:
        choice = replace(choice, reason=f"{choice.reason}{JOINED}")
    advance(Stage.DESCRIBING, 0.0)
    ids_by_label = aligned(fitted, earlier)
    ids = np.array([ids_by_label[label] for label in range(len(fitted.centres))])[fitted.labels]
    stable = clusterwise(rows, fitted, request.seed, budget)
    by_id = {ids_by_label[label]: value for label, value in enumerate(stable)}
    summaries, interests = WITHOUT_POSTS, None
    if posts is not None:
        assignment = dict(zip(matrix.author_keys, ids.tolist(), strict=True))
        summaries = PostSummaries.made(posts, assignment, described_clusters(ids), examples)
        written = clustered_posts(posts, assignment, described_clusters(ids))
        interests = interests_of(written, posts.embedding_version)
    by_theme = request.basis.reads_embeddings
    cards = describe(matrix, Opinions.of(matrix.table), ids, by_id, summaries, named_by_theme=by_theme)
    advance(Stage.DESCRIBING, 1.0)
    return TrainedClusters(
        assignments=pa.table({"author_key": pa.array(matrix.author_keys, pa.string()), "cluster": ids}),
        choice=choice,
        scores=found.scores,
        features=_compared(matrix, request.basis),
        dropped=list(matrix.dropped) if request.basis.reads_figures else [],
        filled=list(matrix.filled) if request.basis.reads_figures else [],
        left_out=matrix.left_out,
        model=RunModel.of(fitted_basis, matrix.scaled, ids),
        map=_map(matrix.scaled, ids, request),
        before=before.run_id,
        lineage=diff(earlier_ids(matrix.author_keys, before.members), ids, before.used, by_id) if before.used else None,
        clusters=cards,
        interests=interests,
        flows=_flows(earlier_ids(matrix.author_keys, before.members), ids) if before.used else None,
        examples={cluster: summary.examples for cluster, summary in summaries.of.items() if summary.examples},
    )


def _flows(earlier: NDArray[np.int64], ids: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    known = earlier != UNKNOWN
    pairs, counts = np.unique(np.stack([earlier[known], ids[known]]), axis=1, return_counts=True)
    return [(int(a), int(b), int(count)) for (a, b), count in zip(pairs.T, counts, strict=True)]


def _compared(matrix: FeatureMatrix, basis: Basis) -> list[str]:
    figures = [feature.name for feature in matrix.features] if basis.reads_figures else []
    return [*figures, "embedding"] if basis.reads_embeddings else figures


def _map(rows: Floats, ids: NDArray[np.int64], request: RunRequest) -> RunMap:
    """Return the map: neighbours show what embeddings say; figures have axes, whose components take no time."""
    points = map_points(rows, ids, request.seed, by_neighbours=request.basis.reads_embeddings)
    return RunMap.of(points, request.seed)


def _check(matrix: FeatureMatrix, rows: Rows, request: RunRequest) -> None:
    authors = len(matrix.author_keys)
    if authors < FEWEST_AUTHORS:
        left_out = f" ({matrix.left_out.total} take no part)" if matrix.left_out.total else ""
        raise CannotTrainError(
            f"the brand has {authors} authors{left_out} and clusters need at least {FEWEST_AUTHORS}; ingest more posts"
        )
    if request.k == "auto":
        return
    if request.k > authors:
        raise CannotTrainError(
            f"{request.k} clusters were asked for and the brand has {authors} authors; ask for a smaller k or for auto"
        )
    distinct = distinct_rows(rows[:FEW])
    if distinct < request.k:
        distinct = distinct_rows(rows)
    if distinct < request.k:
        ways = "1 different way" if distinct == 1 else f"{distinct} different ways"
        raise CannotTrainError(
            f"the brand's {authors} authors {DIFFER[request.basis]} in only {ways}, and {request.k} clusters need "
            f"{request.k}; ask for a smaller k or for auto"
        )
