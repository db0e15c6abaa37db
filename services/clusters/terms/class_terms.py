"""Which terms set a class of texts apart: class-based TF-IDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from services.clusters.terms.token_table import Floats, Ints, TokenTable
from shared.analysis import Frozen
from shared.small_groups import LEAST_PEOPLE

COMMON: Final = 0.6
"""A word that so large a share of the texts of every class have tells no class apart."""
LEAST_TEXTS: Final = 20
"""Of a class of fewer texts no word is known to be in most."""


class WeightedTerm(Frozen):
    """A word, a pair of words or a hashtag, and how much it sets its class apart."""

    term: str
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class ClassCounts:
    """How often each class has each term: arrays of one length, sorted by class and term, and `words` of the terms.

    `authors` are the distinct people who wrote the term in texts of the class, `uses` how often they did. `texts`
    counts the texts of each of the classes `kinds`, ascending.
    """

    words: list[str]
    classes: Ints
    terms: Ints
    uses: Ints
    authors: Ints
    kinds: Ints
    texts: Ints

    @classmethod
    def of(cls, table: TokenTable, classes: Sequence[int] | Ints, authors: Sequence[str]) -> "ClassCounts":
        """Count the tokens of texts whose class and author are given, one of each a text."""
        count, wide = np.asarray(classes, np.int64), max(len(table.words), 1)
        people = np.unique(np.asarray(authors, dtype=np.str_), return_inverse=True)[1].astype(np.int64)
        pairs = count[table.texts] * wide + table.ids
        of_all = np.unique(count, return_counts=True)
        kinds, of_kind, uses = np.unique(pairs, return_inverse=True, return_counts=True)
        by_person = np.unique(of_kind * (people.max(initial=0) + 1) + people[table.texts])
        distinct = np.bincount(by_person // (people.max(initial=0) + 1), minlength=len(kinds))
        return cls(table.words, kinds // wide, kinds % wide, uses, distinct, *of_all)

    def common(self) -> NDArray[np.bool_]:
        """Tell of each of `words` whether most texts of every class have it, of two classes of twenty texts or more.

        That is the brand's own name, say, which tells no class apart however often it is written.
        """
        shares = self.uses / self.texts[np.searchsorted(self.kinds, self.classes)]
        widespread = np.bincount(self.terms, weights=shares >= COMMON, minlength=len(self.words))
        everywhere: NDArray[np.bool_] = (widespread == len(self.kinds)) & (len(self.kinds) > 1)
        everywhere &= bool((self.texts >= LEAST_TEXTS).all())
        return everywhere

    def weights(self) -> Floats:
        """Return the class-based TF-IDF of each row (Grootendorst 2022, "BERTopic", section 3.3).

        tf(t, c) · log(1 + A / f(t)): the share of the class's tokens, A the mean number of tokens a class, f(t) how
        often all classes have the term.
        """
        everywhere = np.bincount(self.terms, weights=self.uses, minlength=len(self.words))
        of_class = np.unique(self.classes, return_inverse=True)[1]
        sizes = np.bincount(of_class, weights=self.uses)
        mean = sizes.mean() if len(sizes) else 0.0
        weights: Floats = self.uses / sizes[of_class] * np.log1p(mean / everywhere[self.terms])
        return weights


def class_terms(
    documents: Sequence[Sequence[str]], classes: Sequence[int] | Ints, authors: Sequence[str], most: int
) -> dict[int, list[WeightedTerm]]:
    """Return up to `most` terms of each class, the weightiest first; equal ones by the alphabet.

    `documents` are tokens of texts (`terms.tokens`), each with its class and its author. Collocations are terms of
    their own; what most texts of every class have is none. A term of a class was written there by at least
    five authors; a class without such a term has an empty list. The order of the texts does not matter.
    """
    counts = ClassCounts.of(TokenTable.of(documents).with_collocations(), classes, authors)
    return told_terms(counts, sorted({int(one) for one in classes}), most)


def told_terms(counts: ClassCounts, classes: Sequence[int], most: int) -> dict[int, list[WeightedTerm]]:
    """Return up to `most` terms of each of the classes as `class_terms` does, from counts."""
    weights = counts.weights()
    told = (counts.authors >= LEAST_PEOPLE) & ~counts.common()[counts.terms]
    found: dict[int, list[WeightedTerm]] = {}
    for each in classes:
        places = np.flatnonzero(told & (counts.classes == each)).tolist()
        ranked = sorted(places, key=lambda place: (-weights[place], counts.words[counts.terms[place]]))[:most]
        found[each] = [
            WeightedTerm(term=counts.words[counts.terms[place]], weight=float(weights[place])) for place in ranked
        ]
    return found
