"""Which words speak for which topic. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from services.clusters.terms.token_table import Floats, Ints, TokenTable

CHUNK = 1 << 19
"""Tokens that are weighed at a time: memory stays bounded by it."""
PRIOR_TOKENS = 100.0
"""How many tokens of the whole corpus each topic is mixed with, so that a word which it lacks does not exclude it."""


@dataclass(frozen=True)
class WordWeights:
    """How much each word speaks for each topic.

    `words` in the alphabet's order; `evidence` (topics, words): log(p(word | topic) / p(word)); `prior` (topics,):
    log(p(topic)). A post speaks for a topic by the sum over its words (multinomial naive Bayes); words that are not
    listed say nothing.
    """

    words: Sequence[str]
    evidence: Floats
    prior: Floats

    @classmethod
    def counted(cls, words: Sequence[str], table: TokenTable, labels: Ints, topics: int) -> Self:
        """Return the weights of posts that have been given to topics: `labels` (posts,), -1 for a post of none."""
        ids = _places(words, table)
        topic = labels[table.texts]
        known = (ids >= 0) & (topic >= 0)
        cells = np.bincount(topic[known] * len(words) + ids[known], minlength=topics * len(words))
        uses = cells.reshape(topics, len(words)).astype(np.float64)
        overall = uses.sum(axis=0) + 1
        share = overall / overall.sum()
        within = (uses + PRIOR_TOKENS * share) / (uses.sum(axis=1, keepdims=True) + PRIOR_TOKENS)
        sizes = np.bincount(labels[labels >= 0], minlength=topics) + 1.0
        return cls._rounded(words, within / share, sizes / sizes.sum())

    @classmethod
    def of(cls, words: Sequence[str], within: Floats, prior: Floats) -> Self:
        """Return the weights of topics that are distributions over the words: `within` (topics, words)."""
        return cls._rounded(words, within / (prior @ within), prior)

    @classmethod
    def _rounded(cls, words: Sequence[str], ratios: Floats, prior: Floats) -> Self:
        """Keep 32 bits of each number, as the stored weights do: both tell the same of every post."""
        return cls(list(words), np.log(ratios).astype(np.float32).astype(np.float64), np.log(prior))

    def without(self, topic: int) -> Self:
        """Return the weights of the other topics."""
        return replace(self, evidence=np.delete(self.evidence, topic, axis=0), prior=np.delete(self.prior, topic))

    def spoken(self, table: TokenTable, posts: int) -> tuple[Floats, Ints]:
        """Return (posts, topics): how much each post's words speak for each topic, and how many known words it has."""
        ids = _places(self.words, table)
        known = np.flatnonzero(ids >= 0)
        found = np.zeros((posts, len(self.prior)))
        columns = np.ascontiguousarray(self.evidence.T)
        for first in range(0, len(known), CHUNK):
            part = known[first : first + CHUNK]
            texts, starts = np.unique(table.texts[part], return_index=True)
            found[texts] += np.add.reduceat(columns[ids[part]], starts, axis=0)
        return found, np.bincount(table.texts[known], minlength=posts).astype(np.int64)


def _places(words: Sequence[str], table: TokenTable) -> Ints:
    """Return the place of each token in `words`, -1 where it is not there."""
    known = {word: place for place, word in enumerate(words)}
    of_word = np.array([known.get(word, -1) for word in table.words], np.int64)
    return of_word[table.ids] if len(of_word) else np.zeros(0, np.int64)
