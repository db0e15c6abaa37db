"""Names of clusters from what their people write: words that set a cluster apart and lie near it. Pure.

A name is for a reader who must pick the right segment. So its words are weighty by class-based TF-IDF, and their
meaning (the mean embedding of the posts that have them) is nearer to the cluster than to any other.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import numpy as np

from services.clusters.cards.cluster_posts import SENSITIVE, ClusterPosts, sensitive_share
from services.clusters.terms.class_terms import WeightedTerm
from services.clusters.terms.sensitive_terms import is_sensitive
from services.clusters.terms.token_table import Floats, Ints, TokenTable
from shared.small_groups import LEAST_PEOPLE

MOST_DIFFERENT: Final = 6
"""Words of a theme; a name takes the first."""
MOST_LOOKED_UP: Final = 12
"""Terms of a cluster whose spelling is looked up."""
MOST_READ: Final = 500
"""Posts in which the spelling of a word is looked up."""
LEAST_MARGIN: Final = 0.01
"""What a word counts whose meaning lies no nearer to its cluster than to another."""
_ARTICLES: Final = "the this that his her its our your der die das den les los las gli ein eine una"
ARTICLES: Final = frozenset(_ARTICLES.split())
"""Words that belong to no other word, however often they stand before it."""
OF_A_HASHTAG: Final = 0.5
"""What a hashtag counts: words say more to a reader who does not know it."""
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
    nearness = _margins(posts, uses)
    found: dict[int, list[str]] = {}
    for place, candidates in named.items():
        scores = {term.term: _weight(term) * nearness[term.term][place] for term in candidates}
        ranked = sorted(scores, key=lambda term: (-scores[term], term))
        if ranked:
            written = {term: _written(term, posts, uses[term]) for term in ranked[:MOST_LOOKED_UP]}
            found[posts.ids[place]] = [
                written[term] for term in _different([term for term in written if written[term]])
            ]
    return {cluster: theme for cluster, theme in found.items() if theme}


def _weight(term: WeightedTerm) -> float:
    return term.weight * OF_A_HASHTAG if term.term.startswith("#") else term.weight


def _uses(words: TokenTable, wanted: AbstractSet[str]) -> dict[str, Ints]:
    """Return the places of the posts that have each of the wanted terms, ascending."""
    numbers = {number: word for number, word in enumerate(words.words) if word in wanted}
    kept = np.isin(words.ids, list(numbers))
    pairs = np.unique(np.stack([words.ids[kept], words.texts[kept]]), axis=1)
    numbered, firsts = np.unique(pairs[0], return_index=True)
    parts = np.split(pairs[1], firsts[1:]) if len(numbered) else []
    return {numbers[number]: part for number, part in zip(numbered.tolist(), parts, strict=True)}


def _margins(posts: ClusterPosts, uses: Mapping[str, Ints]) -> dict[str, Floats]:
    """Return how much nearer each term's meaning lies to each cluster than to the nearest other one, (clusters,).

    Meanings are mean embeddings, about the mean of the clusters'; without embeddings the term's share counts.
    """
    embeddings, known = posts.posts.embeddings
    count = len(posts.ids)
    sizes = np.bincount(posts.clusters[known], minlength=count)
    if not embeddings.shape[1] or not sizes.all():
        return {term: _shares(posts, places) for term, places in uses.items()}
    vectors = units(embeddings)
    centroids = np.stack([vectors[known & (posts.clusters == place)].mean(axis=0) for place in range(count)])
    centre = centroids.mean(axis=0)
    directions = units(centroids - centre)
    found = {}
    for term, places in uses.items():
        with_embedding = places[known[places]]
        meaning = vectors[with_embedding].mean(axis=0) - centre if len(with_embedding) else np.zeros_like(centre)
        near = directions @ units(meaning)
        found[term] = np.maximum(near - _nearest_other(near), LEAST_MARGIN)
    return found


def _shares(posts: ClusterPosts, places: Ints) -> Floats:
    count = len(posts.ids)
    sizes = np.maximum(np.bincount(posts.clusters, minlength=count), 1)
    rates = np.bincount(posts.clusters[places], minlength=count) / sizes
    shares: Floats = np.maximum(rates / rates.sum(), LEAST_MARGIN)
    return shares


def _nearest_other(near: Floats) -> Floats:
    if len(near) == 1:
        return np.zeros(1)
    second, first = np.partition(near, -2)[-2:]
    others: Floats = np.where(near == first, second, first)
    return others


def units(vectors: Any) -> Floats:
    """Return vectors, (..., dimensions), with the length 1; nought stays nought."""
    units: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _TINY)
    return units


def _different(ranked: Sequence[str]) -> list[str]:
    """Return the first terms of which no two have a word alike."""
    found: list[str] = []
    seen: list[str] = []
    for term in ranked:
        words = [word[:_ALIKE] for word in term.removeprefix("#").split()]
        if not any(word.startswith(other) or other.startswith(word) for word in words for other in seen):
            found.append(term)
            seen += words
        if len(found) == MOST_DIFFERENT:
            break
    return found


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
