"""Whether authors of one kind lie together: KMeans on the means of their posts' embeddings against known categories."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

from shared.one_thread import one_thread
from shared.text import LINK, MENTION, clean
from training.corpora import read_columns

MIN_POSTS: Final = 20
SEEDS: Final = 10

_STARTS: Final = 10
_PLACEHOLDERS: Final = re.compile(rf"(?<!\S)(?:{LINK}|{MENTION})(?!\w)")


@dataclass(frozen=True)
class ClusterReport:
    """Normalised mutual information in [0, 1] of clusters and categories: mean and range over seeds."""

    authors: int
    categories: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class AuthorPosts:
    """Posts, scrubbed, each with its author; `categories` by author."""

    texts: list[str]
    authors: list[str]
    categories: dict[str, str]


def read_author_posts(folder: Path, least: int = MIN_POSTS) -> AuthorPosts:
    """Read `authors/twitter_accounts.parquet`; authors with fewer than `least` posts are left out.

    Accounts name themselves in links and mentions: both go, and posts of nothing else with them. Raises
    ValueError where a file or column is missing, or fewer than two categories are left.
    """
    columns = read_columns(folder / "authors" / "twitter_accounts.parquet", ["author", "category", "text"])
    scrubbed = [scrub(text or "") for text in columns["text"]]
    kept = [i for i, text in enumerate(scrubbed) if text]
    counts: dict[str, int] = {}
    for i in kept:
        counts[columns["author"][i]] = counts.get(columns["author"][i], 0) + 1
    kept = [i for i in kept if counts[columns["author"][i]] >= least]
    categories = {columns["author"][i]: columns["category"][i] for i in kept}
    if len(set(categories.values())) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise ValueError(f"twitter_accounts.parquet has fewer than two categories of authors with {least} posts")
    return AuthorPosts([scrubbed[i] for i in kept], [columns["author"][i] for i in kept], categories)


def scrub(text: str) -> str:
    """Return the text without links and mentions."""
    return " ".join(_PLACEHOLDERS.sub(" ", clean(text)).split())


def cluster_authors(posts: AuthorPosts, embed: Callable[[Sequence[str]], NDArray[np.float32]]) -> ClusterReport:
    """Embed the posts, take each author's mean, cluster into as many groups as there are categories.

    `embed` returns (texts, dimensions). KMeans starts ten times for each of `SEEDS` seeds, with one
    thread, for more threads change its result.
    """
    vectors = embed(posts.texts)
    names = sorted(posts.categories)
    row_of = {name: row for row, name in enumerate(names)}
    sums = np.zeros((len(names), vectors.shape[1]), dtype=np.float64)
    np.add.at(sums, [row_of[author] for author in posts.authors], vectors)
    counts = np.bincount([row_of[author] for author in posts.authors], minlength=len(names))
    centroids = sums / counts[:, None]
    truth = [posts.categories[name] for name in names]
    k = len(set(truth))
    with one_thread():
        found = [
            normalized_mutual_info_score(truth, KMeans(k, n_init=_STARTS, random_state=seed).fit_predict(centroids))
            for seed in range(SEEDS)
        ]
    return ClusterReport(len(names), k, float(np.mean(found)), float(min(found)), float(max(found)))
