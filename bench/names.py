"""Whether a cluster's name lets a reader pick the right one: `python -m bench.names PARQUET`.

The file has the columns author (or name) and text. Authors are grouped by interests and by both, in several numbers of
clusters and seeds. The words of each name alone are embedded by the shipped model. A name picks the cluster whose mean
of post embeddings lies nearest: as it is, and about the mean of all clusters'. Clusters without words of their own,
which are named by behaviour because they are about something sensitive, are left out and counted.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from services.clusters.bases.basis import Basis
from services.clusters.bases.behaviour import BEHAVIOUR
from services.clusters.bases.matrix import COLUMNS
from services.clusters.cards.cluster import ClusterCard
from services.clusters.fits.kmeans import TrainingBudget
from services.clusters.posts import PostTable
from services.clusters.posts.post_columns import SCHEMA
from services.clusters.runs.run import RunRequest
from services.clusters.runs.trained_clusters import TrainedClusters, train
from services.sentiment.scoring import softmax
from services.sentiment.settings import DEFAULT_MODEL
from shared.text import clean
from training.evaluation.served import ServedModel

MOST_POSTS = 80
"""Of each author."""
KS = (6, 8, 9, 10, 12)
SEEDS = range(3)
BUDGET = TrainingBudget(starts=10, bootstraps=1)

Floats = NDArray[np.float64]


class Posts:
    """The posts of a file with their embeddings and scores, and the model that made them."""

    def __init__(self, file: Path) -> None:
        """Read, clean and embed."""
        columns = pq.read_table(file)
        names = columns["author" if "author" in columns.column_names else "name"].to_pylist()
        read: dict[str, list[str]] = {}
        for name, text in zip(names, columns["text"].to_pylist(), strict=True):
            cleaned = clean(text or "")
            if cleaned and len(read.setdefault(name, [])) < MOST_POSTS:
                read[name].append(cleaned)
        keys = {name: f"{place:032x}" for place, name in enumerate(sorted(read))}
        self.authors = np.array([keys[name] for name in sorted(read) for _ in read[name]])
        self.texts = [text for name in sorted(read) for text in read[name]]
        self.model = ServedModel.open(str(DEFAULT_MODEL))
        rows = self.model.run(self.model.encode(self.texts))
        self.vectors = units(np.stack(rows["embedding"]))
        chances = softmax(np.stack(rows["sentiment"]), 1.0)
        self.scores = np.clip(chances[:, 2] + chances[:, 1] / 2, 0, 1)
        self.labels = chances.argmax(axis=1)

    def table(self) -> pa.Table:
        """Return the authors as profiles tells of them: posts, sentiment and embeddings, nothing else known."""
        keys, of = np.unique(self.authors, return_inverse=True)
        posts = np.bincount(of)
        zeros = pa.array(np.zeros(len(keys)))
        columns = dict.fromkeys({feature.name for feature in BEHAVIOUR} | set(COLUMNS), zeros)
        means = np.zeros((len(keys), self.vectors.shape[1]))
        np.add.at(means, of, self.vectors)
        means /= posts[:, None]
        score = np.bincount(of, weights=self.scores) / posts
        spread = np.sqrt(np.maximum(np.bincount(of, weights=self.scores**2) / posts - score**2, 0))
        columns |= {"author_key": pa.array(keys), "posts": pa.array(posts), "scored_posts": pa.array(posts)}
        columns |= {"mean_score": pa.array(score), "score_stddev": pa.array(spread)}
        columns |= {"negative": pa.array(np.bincount(of, weights=self.labels == 0))}
        columns |= {"positive": pa.array(np.bincount(of, weights=self.labels == 2))}  # noqa: PLR2004 - the class
        columns["main_language"] = pa.array(["en"] * len(keys))
        columns["hours"] = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(24 * len(keys))), 24)
        columns["embedding"] = listed(means)
        columns["embedding_version"] = pa.array([DEFAULT_MODEL.name] * len(keys))
        return pa.table(columns)

    def told(self) -> PostTable:
        """Return the posts as profiles tells them."""
        count = len(self.texts)
        table = pa.table(
            {
                "post_key": pa.array([f"{place:032x}" for place in range(count)]),
                "author_key": pa.array(self.authors),
                "hour": pa.array([0] * count, pa.timestamp("s", tz="UTC")),
                "text": pa.array(self.texts),
                "language": pa.array(["en"] * count),
                "score": pa.array(self.scores),
                "embedding": listed(self.vectors),
                "embedding_version": pa.array([DEFAULT_MODEL.name] * count),
                "supported_language": pa.array([True] * count),
                "is_repost": pa.array([False] * count),
                "entities": pa.array([[]] * count, SCHEMA.field("entities").type),
                **{name: pa.nulls(count, SCHEMA.field(name).type) for name in ("platform", "label", "category")},
                "voice": pa.array(["external"] * count),
                "is_unknown": pa.array([False] * count),
            }
        )
        return PostTable.of_pages([table])


def main() -> None:
    """Print the share of names that pick their cluster, and the names of the first seed."""
    parser = argparse.ArgumentParser(prog="python -m bench.names", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--ks", type=int, nargs="*", default=KS)
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    asked = parser.parse_args()
    posts = Posts(asked.file)
    table, told = posts.table(), posts.told()
    for basis in (Basis.INTERESTS, Basis.COMBINED):
        picked, left_out = [], 0
        for k in asked.ks:
            for seed in range(asked.seeds):
                trained = train(table, RunRequest(basis=basis, k=k, seed=seed), budget=BUDGET, posts=told)
                found, omitted = judged(trained, posts, is_shown=seed == 0)
                picked += found
                left_out += omitted
        shares = np.mean(picked, axis=0)
        print(
            f"{basis}: {len(picked)} names pick their own cluster in {shares[0]:.1%} (about the mean {shares[1]:.1%}, "
            f"both about it {shares[2]:.1%}); {left_out} left out"
        )


def judged(trained: TrainedClusters, posts: Posts, *, is_shown: bool) -> tuple[list[list[bool]], int]:
    """Return for each name whether it picks its cluster in three ways, and how many clusters have no words."""
    home = dict(zip(trained.author_keys, trained.cluster_ids, strict=True))
    clusters = np.array([home.get(key, -1) for key in posts.authors])
    cards = [card for card in trained.clusters if isinstance(card, ClusterCard)]
    means = np.stack([posts.vectors[clusters == card.id].mean(axis=0) for card in cards])
    named = [place for place, card in enumerate(cards) if card.top_terms]
    names = units(posts.model.embed([cards[place].name for place in named]))
    centre = means.mean(axis=0)
    picks = [
        (names @ units(means).T).argmax(axis=1),
        (names @ units(means - centre).T).argmax(axis=1),
        (units(names - centre) @ units(means - centre).T).argmax(axis=1),
    ]
    found = [[bool(pick[at] == place) for pick in picks] for at, place in enumerate(named)]
    if is_shown:
        print(f"k {len(cards)}")
        for at, place in enumerate(named):
            terms = ", ".join(term.term for term in cards[place].top_terms[:6])
            print(f"  {'' if all(found[at]) else 'MISSED '}{cards[place].name}   ({cards[place].size}: {terms})")
        for place in set(range(len(cards))) - set(named):
            print(f"  left out: {cards[place].name} ({cards[place].size})")
    return found, len(cards) - len(named)


def units(vectors: NDArray[np.float32] | Floats) -> Floats:
    """Return vectors of length 1."""
    found: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found


def listed(vectors: Floats) -> pa.Array:
    """Return vectors as profiles sends them."""
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.astype(np.float32).ravel()), vectors.shape[1])


if __name__ == "__main__":
    main()
