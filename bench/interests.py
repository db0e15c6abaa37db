"""How well clusters by interests find what authors are known for: `python -m bench.interests PARQUET`.

The file has the columns author, text and category (or author_category). Links and mentions are taken out, because
authors name themselves in them; of each author at most 80 posts are read, and authors of fewer than 20 are left out
(`--least`).
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score, silhouette_score
from umap import UMAP

from services.clusters.bases.basis import Basis
from services.clusters.bases.behaviour import BEHAVIOUR
from services.clusters.bases.fitted import fit_basis
from services.clusters.bases.interest_space import DIMENSIONS
from services.clusters.bases.matrix import COLUMNS
from services.clusters.runs.run import RunRequest
from services.clusters.runs.trained_clusters import train
from services.sentiment.settings import DEFAULT_MODEL
from shared.one_thread import one_thread
from training.evaluation.clustering import scrub
from training.evaluation.served import ServedModel

SEEDS = range(10)
FOLDS = 5
POSTS = 80
STARTS = 10
COMPONENTS = (5, 12, 20, 30)

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


@dataclass(frozen=True)
class KnownAuthors:
    """Authors in the order of their names: posts joined, mean embedding (authors, numbers), known category."""

    documents: list[str]
    means: Floats
    categories: Texts

    @property
    def kinds(self) -> int:
        """Return how many categories there are."""
        return len(set(self.categories.tolist()))

    def table(self, places: NDArray[np.int64]) -> pa.Table:
        """Return some of the authors as profiles tells of them: nothing is known but what they write about."""
        zeros = pa.array(np.zeros(len(places)))
        columns = dict.fromkeys({feature.name for feature in BEHAVIOUR} | set(COLUMNS), zeros)
        columns["author_key"] = pa.array([f"{place:032x}" for place in places])
        columns["main_language"] = pa.nulls(len(places), pa.string())
        columns["hours"] = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(24 * len(places))), 24)
        numbers = pa.array(self.means[places].astype(np.float32).ravel())
        columns["embedding"] = pa.FixedSizeListArray.from_arrays(numbers, self.means.shape[1])
        columns["embedding_version"] = pa.array([DEFAULT_MODEL.name] * len(places))
        return pa.table(columns)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.interests", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--least", type=int, default=20, help="posts that an author must have")
    asked = parser.parse_args()
    authors = _read(asked.file, asked.least)
    everybody = np.arange(len(authors.documents))
    print(f"{len(everybody)} authors, {authors.kinds} categories; NMI: mean of {len(SEEDS)} seeds (least, most)")
    with one_thread():
        for name, rows in _rivals(authors):
            _print(name, [_nmi(authors, _kmeans(rows, authors.kinds, seed)) for seed in SEEDS])
        table = authors.table(everybody)
        found = [_trained(table, authors.kinds, seed) for seed in SEEDS]
        _print("voxpop, basis interests", [_nmi(authors, labels) for labels in found])
        _print(f"voxpop, authors held out of {FOLDS} runs", [_held_out(authors, seed) for seed in SEEDS[:3]])
        _, matrix = fit_basis(table, Basis.INTERESTS)
        for name, rows in (("the means", authors.means), ("voxpop's rows", matrix.scaled)):
            apart = [_silhouette(rows, labels, seed) for seed, labels in zip(SEEDS, found, strict=True)]
            _print(f"silhouette of voxpop's clusters in UMAP's plane of {name}", apart)


def _read(file: Path, least: int) -> KnownAuthors:
    columns = pq.read_table(file)
    category = "category" if "category" in columns.column_names else "author_category"
    posts: dict[tuple[str, str], list[str]] = {}
    for author, kind, text in zip(*(columns[name].to_pylist() for name in ("author", category, "text")), strict=True):
        if scrubbed := scrub(text or ""):
            posts.setdefault((author, kind), []).append(scrubbed)
    kept = {known: texts[:POSTS] for known, texts in sorted(posts.items()) if len(texts) >= least}
    model = ServedModel.open(str(DEFAULT_MODEL))
    vectors = model.embed([text for texts in kept.values() for text in texts]).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    parts = np.split(vectors, np.cumsum([len(texts) for texts in kept.values()])[:-1])
    return KnownAuthors(
        [" ".join(texts) for texts in kept.values()],
        np.stack([part.mean(axis=0) for part in parts]),
        np.array([kind for _, kind in kept], dtype=object),
    )


def _rivals(authors: KnownAuthors) -> Iterator[tuple[str, Floats]]:
    words = TfidfVectorizer(sublinear_tf=True, min_df=2, max_df=0.5, stop_words="english")
    yield "TF-IDF of all posts, KMeans", words.fit_transform(authors.documents)
    yield "mean embedding, KMeans", authors.means
    for count in COMPONENTS:
        kept = min(count, len(authors.means) - 1)
        yield f"mean embedding, {kept} principal components", PCA(kept, svd_solver="full").fit_transform(authors.means)
    flat = UMAP(n_components=5, min_dist=0.0, metric="cosine", random_state=0, n_jobs=1)
    yield "mean embedding, UMAP to 5 (cosine)", flat.fit_transform(authors.means)
    units = authors.means / np.linalg.norm(authors.means, axis=1, keepdims=True)
    yield "directions", units
    centred = units - units.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    yield "directions about the mean direction", centred
    for count in sorted({*COMPONENTS, DIMENSIONS}):
        kept = min(count, len(centred) - 1)
        yield f"directions about the mean, {kept} components", PCA(kept, svd_solver="full").fit_transform(centred)


def _trained(table: pa.Table, k: int, seed: int) -> NDArray[np.int64]:
    trained = train(table, RunRequest(basis=Basis.INTERESTS, k=k, seed=seed))
    return np.array(trained.cluster_ids)


def _held_out(authors: KnownAuthors, seed: int) -> float:
    """Return the NMI of authors that runs of the others assign, of each category a fifth at a time."""
    turns = np.zeros(len(authors.categories), dtype=np.int64)
    random = np.random.default_rng(seed)
    for kind in sorted(set(authors.categories.tolist())):
        members = random.permutation(np.flatnonzero(authors.categories == kind))
        turns[members] = np.arange(len(members)) % FOLDS
    scores = []
    for turn in range(FOLDS):
        inside, outside = np.flatnonzero(turns != turn), np.flatnonzero(turns == turn)
        request = RunRequest(basis=Basis.INTERESTS, k=authors.kinds, seed=seed)
        clusters, _ = train(authors.table(inside), request).model.assign(authors.table(outside))
        scores.append(normalized_mutual_info_score(authors.categories[outside], clusters))
    return float(np.mean(scores))


def _kmeans(rows: Floats, k: int, seed: int) -> NDArray[np.int64]:
    labels: NDArray[np.int64] = KMeans(k, n_init=STARTS, random_state=seed).fit_predict(rows)
    return labels


def _nmi(authors: KnownAuthors, labels: NDArray[np.int64]) -> float:
    return float(normalized_mutual_info_score(authors.categories, labels))


def _silhouette(rows: Floats, labels: NDArray[np.int64], seed: int) -> float:
    plane = UMAP(min_dist=0.1, random_state=seed, n_jobs=1).fit_transform(rows)
    return float(silhouette_score(plane, labels))


def _print(name: str, figures: list[float]) -> None:
    print(f"| {name} | {np.mean(figures):.3f} | {min(figures):.2f} to {max(figures):.2f} |", flush=True)


if __name__ == "__main__":
    main()
