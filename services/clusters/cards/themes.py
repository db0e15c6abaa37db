"""Names of clusters from what their people write: words that set a cluster apart and lie near it. Pure.

A name is for a reader who must pick the right segment. So its words are weighty by class-based TF-IDF, and what they
mean together (the mean embeddings of the posts that have them) is nearer to the cluster than to any other.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from services.clusters.cards.cluster_posts import SENSITIVE, ClusterPosts, sensitive_share
from services.clusters.terms.class_terms import WeightedTerm
from services.clusters.terms.sensitive_terms import is_sensitive
from services.clusters.terms.token_table import Floats, Ints, TokenTable
from shared.small_groups import LEAST_PEOPLE

MOST_DIFFERENT: Final = 6
"""Words of a theme; a name takes the first."""
CANDIDATES: Final = 40
"""Terms of a cluster that may name it; hashtags only where there are no words."""
OF_WEIGHT: Final = 0.05
"""What the logarithm of a term's weight counts beside the margin of its meaning."""
PLAIN: Final = 4.0
"""What a margin of meanings counts that is not told about the mean: it is as much smaller."""
MOST_READ: Final = 500
"""Posts in which the spelling of a word is looked up."""
_ARTICLES: Final = "the this that his her its our your der die das den les los las gli ein eine una"
ARTICLES: Final = frozenset(_ARTICLES.split())
"""Words that belong to no other word, however often they stand before it."""
_COMPLETE: Final = 0.7
"""The share of a word's people from which their spelling is its own, and the word before it part of it (New York)."""
_ALIKE: Final = 4
"""Words that begin with so many equal letters say the same twice."""
_TINY: Final = 1e-12


def themes_of(posts: ClusterPosts, terms: Sequence[Sequence[WeightedTerm]]) -> dict[int, list[str]]:
    """Return the words that name each cluster, by id, as people write them, best first.

    `terms` are those of each of `posts.ids`. A cluster is left out that is about something sensitive, or whose people
    have no word in common that may name it.
    """
    named = {
        place: [term for term in told if not is_sensitive(term.term)]
        for place, told in enumerate(terms)
        if sensitive_share(told) < SENSITIVE
    }
    uses = _uses(posts.words, {term.term for told in named.values() for term in told})
    meanings = _Meanings.of(posts, uses)
    found: dict[int, list[str]] = {}
    for place, told in named.items():
        words = [term for term in told if not term.term.startswith("#")] or told
        written = {term.term: _written(term.term, posts, uses[term.term]) for term in words[:CANDIDATES]}
        candidates = [term for term in words[:CANDIDATES] if written[term.term]]
        theme = _chosen(candidates, meanings, place)
        if theme:
            found[posts.ids[place]] = [written[term] for term in theme]
    return found


@dataclass(frozen=True)
class _Meanings:
    """What terms and clusters are about: vectors of length 1 by term, `centroids` (clusters, dimensions).

    Without embeddings a term is where it is written: its share of each cluster's posts stands in.
    """

    of_terms: Mapping[str, Floats]
    centroids: Floats

    @classmethod
    def of(cls, posts: ClusterPosts, uses: Mapping[str, Ints]) -> Self:
        embeddings, known = posts.posts.embeddings
        count = len(posts.ids)
        if not np.bincount(posts.clusters[known], minlength=count).all():
            sizes = np.maximum(np.bincount(posts.clusters, minlength=count), 1)
            shares = {
                term: units(np.bincount(posts.clusters[places], minlength=count) / sizes)
                for term, places in uses.items()
            }
            return cls(shares, np.eye(count))
        vectors = units(embeddings.astype(np.float64))
        centroids = np.stack([vectors[known & (posts.clusters == place)].mean(axis=0) for place in range(count)])
        met = {term: places[known[places]] for term, places in uses.items()}
        return cls({term: units(vectors[places].sum(axis=0)) for term, places in met.items()}, centroids)

    def margins(self, meanings: Floats, place: int) -> Floats:
        """Return how much nearer each meaning lies to a cluster than to the nearest other one.

        Near is told as it is and about the mean of the clusters, where distances are larger; the worse one counts.
        """
        if len(self.centroids) == 1:
            return np.zeros(len(meanings))
        found = []
        for centroids, factor in ((self.centroids, PLAIN), (self.centroids - self.centroids.mean(axis=0), 1.0)):
            near = meanings @ units(centroids).T
            found.append(factor * (near[:, place] - np.delete(near, place, axis=1).max(axis=1)))
        margins: Floats = np.minimum(*found)
        return margins


def _chosen(candidates: Sequence[WeightedTerm], meanings: _Meanings, place: int) -> list[str]:
    """Return terms of which no two have a word alike, each the best beside those before it."""
    left = {term.term: OF_WEIGHT * math.log(term.weight) for term in candidates}
    chosen: list[str] = []
    total = np.zeros(meanings.centroids.shape[1])
    while left and len(chosen) < MOST_DIFFERENT:
        terms = list(left)
        together = units(total + np.stack([meanings.of_terms[term] for term in terms]))
        scores = np.round(meanings.margins(together, place) + np.array(list(left.values())), 9)
        best = min(range(len(terms)), key=lambda at: (-scores[at], terms[at]))
        chosen.append(terms[best])
        total = total + meanings.of_terms[terms[best]]
        left = {term: weight for term, weight in left.items() if not _alike(term, terms[best])}
    return chosen


def _alike(term: str, other: str) -> bool:
    """Tell whether two terms have words that begin alike, so that they say the same twice."""
    beginnings = [[word[:_ALIKE] for word in one.removeprefix("#").split()] for one in (term, other)]
    return any(one.startswith(two) or two.startswith(one) for one in beginnings[0] for two in beginnings[1])


def _uses(words: TokenTable, wanted: AbstractSet[str]) -> dict[str, Ints]:
    """Return the places of the posts that have each of the wanted terms, ascending."""
    numbers = {number: word for number, word in enumerate(words.words) if word in wanted}
    kept = np.isin(words.ids, list(numbers))
    pairs = np.unique(np.stack([words.ids[kept], words.texts[kept]]), axis=1)
    numbered, firsts = np.unique(pairs[0], return_index=True)
    parts = np.split(pairs[1], firsts[1:]) if len(numbered) else []
    return {numbers[number]: part for number, part in zip(numbered.tolist(), parts, strict=True)}


def units(vectors: Any) -> Floats:
    """Return vectors, (..., dimensions), with the length 1; nought stays nought."""
    units: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _TINY)
    return units


def _written(term: str, posts: ClusterPosts, places: Ints) -> str:
    """Return a term as most people write it, with the word before it where that belongs to it.

    Empty for words that no five people write side by side: stop words stand between them.
    """
    pattern = re.compile(rf"(?:(?<!\w)([^\W\d_]{{3,}}) )?(?<![\w#])({re.escape(term)})(?!\w)", re.IGNORECASE)
    texts = posts.posts.table["text"].take(places[:MOST_READ]).to_pylist()
    forms: dict[int, tuple[str, str]] = {}
    for person, text in zip(posts.people[places[:MOST_READ]].tolist(), texts, strict=True):
        match = pattern.search(text or "")
        if match and person not in forms:
            forms[person] = (match[1] or "", match[2])
    if len(forms) < LEAST_PEOPLE:
        return "" if " " in term else term
    written, people = _commonest(form for _, form in forms.values())
    if people < _COMPLETE * len(forms):  # a common word that stands at the beginning of sentences, too
        written = term
    before, people = _commonest(word for word, _ in forms.values())
    belongs = people >= max(LEAST_PEOPLE, _COMPLETE * len(forms)) and before[:1].isupper() and not is_sensitive(before)
    return f"{before} {written}" if belongs and before.casefold() not in ARTICLES else written


def _commonest(words: Iterable[str]) -> tuple[str, int]:
    counts = Counter(words)
    best = min(counts, key=lambda word: (-counts[word], word))
    return best, counts[best]
