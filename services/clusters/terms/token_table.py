"""The words of many texts as numbers, and pairs of words that belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST_PAIRS: Final = 10
"""A pair that is written less often may stand together by chance."""
BOUND: Final = 0.5
"""The NPMI from which a pair of words is a collocation: 0 is chance, 1 means that neither is without the other."""


@dataclass(frozen=True)
class TokenTable:
    """`ids` numbers the tokens of all texts one after another by their place in `words`; `texts` has each one's text.

    `words` are in the order of their first use; nothing that is told may depend on it.
    """

    words: list[str]
    ids: Ints
    texts: Ints

    @classmethod
    def of(cls, documents: Sequence[Sequence[str]]) -> "TokenTable":
        """Number the tokens of texts."""
        known: dict[str, int] = {}
        ids = [known.setdefault(word, len(known)) for document in documents for word in document]
        lengths = np.fromiter(map(len, documents), np.int64, len(documents))
        return cls(list(known), np.asarray(ids, np.int64), np.repeat(np.arange(len(documents)), lengths))

    def with_collocations(self) -> "TokenTable":
        """Return the table with each collocation as one token of two words with a blank between.

        A pair of neighbours is one where its NPMI (Bouma 2009, with which gensim's Phrases scores, after Mikolov et al.
        2013) reaches `BOUND`; of two that overlap the earlier is joined. Hashtags are in none.
        """
        count = len(self.words)
        neighbours = np.flatnonzero(self.texts[:-1] == self.texts[1:])
        tagged = np.fromiter((word.startswith("#") for word in self.words), np.bool_, count)
        neighbours = neighbours[~(tagged[self.ids[neighbours]] | tagged[self.ids[neighbours + 1]])]
        keys = self.ids[neighbours] * count + self.ids[neighbours + 1]
        pairs, of_pair, together = np.unique(keys, return_inverse=True, return_counts=True)
        is_joined = _npmi(pairs, together, np.bincount(self.ids, minlength=count), count) >= BOUND
        is_joined &= (together >= LEAST_PAIRS) & (pairs // max(count, 1) != pairs % max(count, 1))
        places = _apart(neighbours[is_joined[of_pair]])
        if not places.size:
            return self
        joined, of_joined = np.unique(self.ids[places] * count + self.ids[places + 1], return_inverse=True)
        ids = self.ids.copy()
        ids[places] = count + of_joined
        names = [f"{self.words[pair // count]} {self.words[pair % count]}" for pair in joined.tolist()]
        kept = np.ones(len(ids), np.bool_)
        kept[places + 1] = False
        return TokenTable(self.words + names, ids[kept], self.texts[kept])


def _npmi(pairs: Ints, together: Ints, alone: Ints, count: int) -> Floats:
    total = float(alone.sum())
    expected = alone[pairs // max(count, 1)] * (alone[pairs % max(count, 1)] / total)
    share = together / total
    scores: Floats = np.log(together / expected) / np.maximum(-np.log(share), np.finfo(np.float64).tiny)
    return scores


def _apart(places: Ints) -> Ints:
    """Return ascending places without those that follow a place taken by one."""
    taken: list[int] = []
    for place in places.tolist():
        if not taken or place > taken[-1] + 1:
            taken.append(place)
    return np.asarray(taken, np.int64)
