"""The words of topics, and how good they are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.clusters.terms.class_terms import ClassCounts, WeightedTerm
from services.clusters.terms.coherence import coherent_words, diversity, mean_npmi, npmi
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


def terms_of(
    corpus: Corpus, labels: Ints, topics: Ints, judged: Ints | None = None, candidates: int = CANDIDATES
) -> TopicTerms:
    """Return ten terms of each topic, `labels` (posts,), by class-based TF-IDF; -1 is no topic.

    Of `candidates` by weight those that occur together most are kept, the weightiest first.
    A term was written by five authors or more in posts of the topic. A text that is repeated counts once, else one that
    is passed on a thousand times would be the topic. `judged` are the posts that are looked at, all where None.
    Coherence is measured over the different texts of all posts that are looked at; of some, over those with a term, so
    that few topics, whose terms fewer texts have, are not the better for it.
    """
    looked = np.zeros(len(corpus), np.bool_)
    looked[np.arange(len(corpus)) if judged is None else judged] = True
    different = np.zeros(len(corpus), np.bool_)
    different[corpus.distinct()] = True
    table = corpus.words.words
    people = corpus.authors.astype(np.str_).tolist()
    wrote = ClassCounts.of(_part(table, looked & (labels >= 0)), labels, people)
    counts = ClassCounts.of(_part(table, looked & different & (labels >= 0)), labels, people)
    weights = counts.weights()
    wide = max(len(table.words), 1)
    enough = (wrote.classes * wide + wrote.terms)[wrote.authors >= LEAST_PEOPLE]
    told = np.isin(counts.classes * wide + counts.terms, enough)
    found: list[list[WeightedTerm]] = []
    for topic in topics.tolist():
        places = np.flatnonzero(told & (counts.classes == topic)).tolist()
        ranked = sorted(places, key=lambda place: (-weights[place], table.words[counts.terms[place]]))[:candidates]
        found.append(
            [WeightedTerm(term=table.words[counts.terms[place]], weight=float(weights[place])) for place in ranked]
        )
    seen = _part(table, looked & different)
    words = coherent_words(seen, [[term.term for term in terms] for terms in found])
    kept = [
        [term for term in terms if term.term in chosen] for terms, chosen in zip(found, map(set, words), strict=True)
    ]
    return TopicTerms(kept, npmi(seen, words, of_all=judged is None))


def name_of(terms: Sequence[WeightedTerm], words: int = 3) -> str:
    """Return a topic's name: its first terms."""
    return ", ".join(term.term for term in terms[:words])


def _part(table: TokenTable, posts: NDArray[np.bool_]) -> TokenTable:
    """Return the tokens of some posts, which keep their numbers."""
    kept = posts[table.texts]
    return replace(table, ids=table.ids[kept], texts=table.texts[kept])
