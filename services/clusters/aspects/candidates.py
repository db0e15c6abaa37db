"""Terms and entities that may be aspects, and which of them mean alike. Pure."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from services.clusters.posts import PostTable
from services.clusters.terms.sensitive_terms import is_sensitive
from services.clusters.terms.token_table import Floats, Ints, TokenTable
from services.clusters.terms.tokens import tokens
from shared.small_groups import LEAST_PEOPLE
from shared.words import folded_name

MOST: Final = 150
"""Candidates that are looked at."""
COMMON: Final = 0.5
"""What more than this share of the people write is the subject itself, no aspect of it."""
ALIKE: Final = 0.8
"""The cosine from which two terms mean alike, by the mean embeddings of their posts about that of all posts."""
TOGETHER: Final = 0.5
"""The share of common posts (Jaccard) from which two terms are one."""


@dataclass(frozen=True)
class Candidate:
    """A term or an entity, and the places of the posts that have it, ascending."""

    name: str
    posts: Ints
    people: int


@dataclass(frozen=True)
class TermPosts:
    """Which posts have which words, collocations and entities: one entry for each pair, which comes once."""

    names: list[str]
    posts: Ints
    terms: Ints

    @classmethod
    def of(cls, posts: PostTable) -> Self:
        """Read the texts and the entities of posts; an entity that is a word is that word."""
        columns = (posts.table[name].to_pylist() for name in ("text", "language"))
        documents = [tokens(text or "", language) for text, language in zip(*columns, strict=True)]
        words = TokenTable.of(documents).with_collocations()
        known = {word: number for number, word in enumerate(words.words)}
        named = [
            (place, known.setdefault(folded_name(text), len(known)))
            for place, entities in enumerate(posts.entities)
            for text, _ in entities
        ]
        more = np.array(named, dtype=np.int64).reshape(-1, 2)
        names = list(known)
        pairs = np.unique(
            np.concatenate([words.texts, more[:, 0]]) * max(len(names), 1) + np.concatenate([words.ids, more[:, 1]])
        )
        return cls(names, pairs // max(len(names), 1), pairs % max(len(names), 1))

    def uncommon(self, people: Ints) -> Self:
        """Return the terms that at most half of the people wrote; `people` numbers each post's author."""
        rare = self._people(people) <= COMMON * len(np.unique(people))
        kept = rare[self.terms]
        return type(self)(self.names, self.posts[kept], self.terms[kept])

    def only(self, posts: NDArray[np.bool_]) -> Self:
        """Return the terms of those posts alone, which are numbered anew."""
        kept = posts[self.posts]
        return type(self)(self.names, (np.cumsum(posts) - 1)[self.posts[kept]], self.terms[kept])

    def candidates(self, people: Ints, inside: NDArray[np.bool_]) -> list[Candidate]:
        """Return what five people wrote in the posts `inside`, by most people.

        `people` numbers each post's author. A candidate has its other posts too. Sensitive terms are left out; equal
        ones come by the alphabet.
        """
        counts = self._people(people, inside)
        told = np.flatnonzero(counts >= LEAST_PEOPLE).tolist()
        ranked = sorted(told, key=lambda at: (-counts[at], self.names[at]))
        chosen = [at for at in ranked if self.names[at] and not is_sensitive(self.names[at])][:MOST]
        ordered = np.argsort(self.terms, kind="stable")
        starts = np.searchsorted(self.terms[ordered], np.arange(len(self.names) + 1))
        return [
            Candidate(self.names[at], np.sort(self.posts[ordered[starts[at] : starts[at + 1]]]), int(counts[at]))
            for at in chosen
        ]

    def _people(self, people: Ints, inside: NDArray[np.bool_] | None = None) -> Ints:
        """Return how many people wrote each term, in the posts `inside`."""
        kept = slice(None) if inside is None else inside[self.posts]
        many = int(people.max(initial=0)) + 1
        pairs = np.unique(self.terms[kept] * many + people[self.posts[kept]])
        return np.bincount(pairs // many, minlength=len(self.names))


def grouped(candidates: list[Candidate], posts: PostTable) -> list[list[Candidate]]:
    """Return the candidates in groups that mean alike, the candidate of most people first in each.

    A candidate joins the group whose first one has most of its posts, or means most like it (leader clustering:
    Hartigan 1975): so a group is told by its name, and no chain of neighbours leads away from it.
    """
    directions, known = _directions(candidates, posts)
    leaders: list[int] = []
    groups: dict[int, list[Candidate]] = {}
    for at, candidate in enumerate(candidates):
        nearness = {leader: _nearness(candidates, directions, known, leader, at) for leader in leaders}
        best = max(leaders, key=lambda leader: nearness[leader], default=None)
        if best is None or nearness[best] < 1:
            leaders.append(at)
            groups[at] = [candidate]
        else:
            groups[best].append(candidate)
    return [groups[leader] for leader in leaders]


def _nearness(candidates: list[Candidate], directions: Floats, known: NDArray[np.bool_], leader: int, at: int) -> float:
    """Return 1 and more where both are one aspect."""
    one, other = candidates[leader].posts, candidates[at].posts
    common = len(np.intersect1d(one, other, assume_unique=True))
    together = common / (len(one) + len(other) - common) / TOGETHER
    alike = float(directions[leader] @ directions[at]) / ALIKE if known[leader] and known[at] else 0.0
    return max(together, alike)


def _directions(candidates: list[Candidate], posts: PostTable) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the mean embedding of each candidate's posts about that of all, of length 1, and which are known."""
    vectors, embedded = posts.embeddings
    found = np.zeros((len(candidates), vectors.shape[1]))
    if not embedded.any():
        return found, np.zeros(len(candidates), np.bool_)
    middle = vectors[embedded].mean(axis=0, dtype=np.float64)
    for row, candidate in enumerate(candidates):
        inside = candidate.posts[embedded[candidate.posts]]
        if inside.size:
            found[row] = vectors[inside].mean(axis=0, dtype=np.float64) - middle
    lengths = np.linalg.norm(found, axis=1)
    return found / np.maximum(lengths, np.finfo(np.float64).tiny)[:, None], lengths > 0
