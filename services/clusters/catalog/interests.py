"""What the people of each cluster write about, and when: what products and audiences are made of. Pure."""

import base64
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from services.clusters.fits.kmeans import distinct_rows, fit, joined, sample
from services.clusters.fits.validity import silhouette
from services.clusters.posts import PostTable
from services.clusters.terms.class_terms import WeightedTerm, class_terms
from services.clusters.terms.sensitive_terms import is_sensitive
from services.clusters.terms.tokens import tokens
from shared.analysis import Frozen
from shared.small_groups import LEAST_PEOPLE, withheld

MOST_TERMS: Final = 60
MOST_HASHTAGS: Final = 30
MOST_HOURS: Final = 6
MOST_COMMUNITIES: Final = 4
PEOPLE_A_COMMUNITY: Final = 20
_STARTS: Final = 4
_SEED: Final = 0
_JUDGED: Final = 2000
_HOUR: Final = 3600
_DAY: Final = 24

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Hour = Annotated[int, Field(ge=0, le=23)]


@dataclass(frozen=True)
class ClusteredPosts:
    """Posts of people who are in a cluster, one of each a row; `hours` are UTC hours of day.

    `embeddings`, (posts, dimensions), has rows of NaN where a post has none; it is None where no post has one.
    """

    authors: Sequence[str]
    clusters: Ints
    tokens: Sequence[Sequence[str]]
    hours: Ints
    languages: Sequence[str | None]
    embeddings: Floats | None


class Community(Frozen):
    """People of one cluster who write about the same: their theme and hashtags, and the UTC hours they write in."""

    people: Annotated[int, Field(ge=LEAST_PEOPLE)]
    theme: list[str]
    hashtags: list[str]
    hours: list[Hour]


class ClusterInterests(Frozen):
    """What one cluster's people write about. `terms` and `hashtags` were each written there by five people or more.

    `hours` are those in which most is written, the busiest first; of each of them at least five people wrote.
    `vector` is the mean embedding of its people, packed; absent where they have none, or are fewer than five.
    """

    cluster: int
    terms: list[WeightedTerm]
    hashtags: list[WeightedTerm]
    languages: dict[str, float]
    hours: list[Hour]
    communities: list[Community]
    vector: str | None

    @property
    def direction(self) -> Floats | None:
        """The mean embedding, (dimensions,), of length 1."""
        return None if self.vector is None else _unpacked(self.vector)


class RunInterests(Frozen):
    """The interests of every cluster of a run, and the mean of all people's; embeddings are of one version."""

    embedding_version: str | None
    overall: str | None
    clusters: list[ClusterInterests]

    def of(self, cluster: int) -> ClusterInterests | None:
        """Return one cluster's, None where it has no posts."""
        return next((one for one in self.clusters if one.cluster == cluster), None)

    @property
    def overall_direction(self) -> Floats | None:
        """The mean embedding of all people, (dimensions,), of length 1."""
        return None if self.overall is None else _unpacked(self.overall)


def interests_of(posts: ClusteredPosts, embedding_version: str | None) -> RunInterests:
    """Return what each cluster writes about; the order of the posts does not matter."""
    people, codes = np.unique(np.asarray(posts.authors, dtype=np.str_), return_inverse=True)
    homes = np.zeros(len(people), dtype=np.int64)
    homes[codes] = posts.clusters
    means = None if posts.embeddings is None else _means(posts.embeddings, codes, len(people))
    terms = class_terms(posts.tokens, posts.clusters, posts.authors, MOST_TERMS + MOST_HASHTAGS + MOST_TERMS)
    found = [
        _of_cluster(int(cluster), posts, codes, homes, means, terms[int(cluster)])
        for cluster in np.unique(posts.clusters)
    ]
    overall = None if means is None or not _known(means).any() else _packed(_mean(means))
    return RunInterests(embedding_version=embedding_version, overall=overall, clusters=found)


def _of_cluster(
    cluster: int,
    posts: ClusteredPosts,
    codes: Ints,
    homes: Ints,
    means: Floats | None,
    terms: Sequence[WeightedTerm],
) -> ClusterInterests:
    inside = posts.clusters == cluster
    told = [term for term in terms if not is_sensitive(term.term)]
    own = None if means is None else np.where((homes == cluster)[:, None], means, np.nan)
    known = own is not None and int(_known(own).sum()) >= LEAST_PEOPLE
    return ClusterInterests(
        cluster=cluster,
        terms=[term for term in told if not term.term.startswith("#")][:MOST_TERMS],
        hashtags=[term for term in told if term.term.startswith("#")][:MOST_HASHTAGS],
        languages=_languages(posts, codes, inside),
        hours=_hours(posts.hours[inside], codes[inside]),
        communities=_communities(posts, codes, own) if own is not None and known else [],
        vector=_packed(_mean(own)) if own is not None and known else None,
    )


def _languages(posts: ClusteredPosts, codes: Ints, inside: NDArray[np.bool_]) -> dict[str, float]:
    """Return the shares of the people by language, each in every language they wrote in."""
    spoken = {(int(codes[place]), posts.languages[place] or "und") for place in np.flatnonzero(inside).tolist()}
    total = len({person for person, _ in spoken})
    counts: dict[str, int] = {}
    for _, language in spoken:
        counts[language] = counts.get(language, 0) + 1
    hidden = withheld(counts)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {language: count / total for language, count in ordered if language not in hidden}


def _hours(hours: Ints, people: Ints) -> list[int]:
    """Return up to six hours of day in which most is written, of those in which five people or more wrote."""
    written = np.bincount(hours, minlength=24)
    writers = np.bincount(np.unique(np.stack([hours, people]), axis=1)[0], minlength=24)
    busiest = sorted(range(24), key=lambda hour: (-int(written[hour]), hour))
    return [hour for hour in busiest if writers[hour] >= LEAST_PEOPLE][:MOST_HOURS]


def _communities(posts: ClusteredPosts, codes: Ints, own: Floats) -> list[Community]:
    """Return groups of a cluster's people who write about the same, the largest first; none where they are few."""
    people = np.flatnonzero(_known(own))
    rows = np.asarray(own[people], dtype=np.float64)
    rows -= rows.mean(axis=0)
    groups = _grouped(rows)
    if groups is None:
        return []
    group_of = np.full(len(own), -1, dtype=np.int64)
    group_of[people] = groups
    of_post = group_of[codes]
    places: list[int] = np.flatnonzero(of_post >= 0).tolist()
    terms = class_terms(
        [posts.tokens[place] for place in places],
        of_post[of_post >= 0],
        [posts.authors[place] for place in places],
        MOST_TERMS,
    )
    found = []
    for group in np.unique(groups):
        told = [term.term for term in terms.get(int(group), []) if not is_sensitive(term.term)]
        inside = of_post == group
        found.append(
            Community(
                people=int((groups == group).sum()),
                theme=[term for term in told if not term.startswith("#")][:5],
                hashtags=[term for term in told if term.startswith("#")][:5],
                hours=_hours(posts.hours[inside], codes[inside]),
            )
        )
    return sorted((one for one in found if one.theme or one.hashtags), key=lambda one: (-one.people, one.theme))


def _grouped(rows: NDArray[np.float64]) -> Ints | None:
    """Return a group for each row, in the number of groups whose silhouette is the best; None where rows are few."""
    most = min(MOST_COMMUNITIES, len(rows) // PEOPLE_A_COMMUNITY, distinct_rows(rows))
    judged = sample(len(rows), _JUDGED, _SEED)
    best, groups = -1.0, None
    for count in range(2, most + 1):
        labels = joined(rows, fit(rows, count, _SEED, _STARTS), LEAST_PEOPLE).labels
        score = silhouette(rows[judged], labels[judged])
        if score is not None and score > best:
            best, groups = score, labels
    return groups


def _means(embeddings: Floats, codes: Ints, people: int) -> Floats:
    """Return the mean direction of each person's posts, (people, dimensions); NaN where none has an embedding."""
    known = _known(embeddings)
    sums = np.zeros((people, embeddings.shape[1]))
    units = embeddings[known] / np.maximum(np.linalg.norm(embeddings[known], axis=1, keepdims=True), 1e-12)
    np.add.at(sums, codes[known], units)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    means: Floats = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), np.nan).astype(np.float32)
    return means


def _mean(means: Floats) -> Floats:
    mean = means[_known(means)].mean(axis=0, dtype=np.float64)
    direction: Floats = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return direction


def _known(rows: Floats) -> NDArray[np.bool_]:
    return ~np.isnan(rows[:, 0]) if rows.shape[1] else np.zeros(len(rows), dtype=np.bool_)


def _packed(vector: Floats) -> str:
    return base64.b64encode(vector.astype("<f2").tobytes()).decode()


def _unpacked(packed: str) -> Floats:
    vector = np.frombuffer(base64.b64decode(packed), "<f2").astype(np.float32)
    direction: Floats = vector / max(float(np.linalg.norm(vector)), 1e-12)
    return direction


def clustered_posts(posts: PostTable, assignment: Mapping[str, int], described: AbstractSet[int]) -> ClusteredPosts:
    """Return the posts of people who are in a described cluster; `assignment` has the cluster of each author key."""
    homes = posts.clusters(dict(assignment))
    inside = posts.only(np.isin(homes, sorted(described)))
    vectors, known = inside.embeddings
    languages: list[str | None] = inside.strings("language").tolist()
    return ClusteredPosts(
        authors=inside.strings("author_key").tolist(),
        clusters=homes[np.isin(homes, sorted(described))],
        tokens=[
            tokens(text or "", language)
            for text, language in zip(inside.strings("text").tolist(), languages, strict=True)
        ],
        hours=inside.hours // _HOUR % _DAY,
        languages=languages,
        embeddings=np.where(known[:, None], vectors, np.nan).astype(np.float32) if known.any() else None,
    )
