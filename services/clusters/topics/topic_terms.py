"""The words of topics, and how good they are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.clusters.terms.class_terms import ClassCounts, WeightedTerm
from services.clusters.terms.coherence import TOP_WORDS, coherent_words, diversity, mean_npmi, npmi
from services.clusters.terms.token_table import Ints, TokenTable
from services.clusters.topics.corpus import Corpus
from shared.small_groups import LEAST_PEOPLE

CANDIDATES: Final = 20
"""Terms by weight of which the ten that occur together most are told."""


@dataclass(frozen=True)
class TopicTerms:
    """The terms of each topic in the order of their ids, the weightiest first, and each topic's coherence."""

    terms: list[list[WeightedTerm]]
    coherences: list[float | None]

    @property
    def npmi(self) -> float | None:
        """Return the mean coherence of the topics that have one."""
        return mean_npmi(self.coherences)

    @property
    def diversity(self) -> float | None:
        """Return the share of different words among all topics' first ten."""
        return diversity([[term.term for term in terms] for terms in self.terms])


def terms_of(corpus: Corpus, labels: Ints, topics: Ints) -> TopicTerms:
    """Return ten terms of each topic, `labels` (posts,), by class-based TF-IDF; -1 is no topic.

    Of twenty by weight those that occur together most are kept, the weightiest first. A term was written by five
    authors or more in posts of the topic. A text that is repeated counts once, else one that is passed on a thousand
    times would be the topic. Coherence is measured over the different texts.
    """
    different = np.zeros(len(corpus), np.bool_)
    different[corpus.distinct()] = True
    table = corpus.words.words
    people = corpus.authors.astype(np.str_).tolist()
    wrote = ClassCounts.of(_part(table, labels >= 0), labels, people)
    counts = ClassCounts.of(_part(table, different & (labels >= 0)), labels, people)
    wide = max(len(table.words), 1)
    enough = (wrote.classes * wide + wrote.terms)[wrote.authors >= LEAST_PEOPLE]
    found = _weightiest(counts, np.isin(counts.classes * wide + counts.terms, enough), topics, CANDIDATES)
    seen = _part(table, different)
    words = coherent_words(seen, [[term.term for term in terms] for terms in found])
    kept = [
        [term for term in terms if term.term in chosen] for terms, chosen in zip(found, map(set, words), strict=True)
    ]
    return TopicTerms(kept, npmi(seen, words))


def tried_terms(corpus: Corpus, labels: Ints, topics: int, words: Sequence[str]) -> TopicTerms:
    """Return the terms of a number of topics that is tried on some different posts, those with a label.

    They are each topic's ten weightiest of `words`, which five authors use in any of the posts: small topics have
    words, too, and none is rare. Those that are chosen for their coherence would rank no numbers of topics.
    """
    table = _part(corpus.words.words, labels >= 0)
    known = set(words)
    listed = np.fromiter((word in known for word in table.words), np.bool_, len(table.words))
    counts = ClassCounts.of(table, labels, corpus.authors.astype(np.str_).tolist())
    found = _weightiest(counts, listed[counts.terms], np.arange(topics), TOP_WORDS)
    return TopicTerms(found, npmi(table, [[term.term for term in terms] for terms in found]))


def _weightiest(counts: ClassCounts, allowed: NDArray[np.bool_], topics: Ints, most: int) -> list[list[WeightedTerm]]:
    """Return up to `most` terms of each topic, of the rows of `counts` that are `allowed`, the weightiest first."""
    weights = counts.weights()
    found = []
    for topic in topics.tolist():
        places = np.flatnonzero(allowed & (counts.classes == topic)).tolist()
        ranked = sorted(places, key=lambda place: (-weights[place], counts.words[counts.terms[place]]))[:most]
        found.append(
            [WeightedTerm(term=counts.words[counts.terms[place]], weight=float(weights[place])) for place in ranked]
        )
    return found


def name_of(terms: Sequence[WeightedTerm], words: int = 3) -> str:
    """Return a topic's name: its first terms."""
    return ", ".join(term.term for term in terms[:words])


def _part(table: TokenTable, posts: NDArray[np.bool_]) -> TokenTable:
    """Return the tokens of some posts, which keep their numbers."""
    kept = posts[table.texts]
    return replace(table, ids=table.ids[kept], texts=table.texts[kept])
