"""What posts bear, terms or topics, and how many people bear each in two windows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.clusters.terms.token_table import Floats, Ints, TokenTable
from shared.small_groups import LEAST_PEOPLE

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Marks:
    """Which posts bear which marks: `posts` and `marks` have one entry for each pair, which comes once."""

    names: Sequence[str]
    posts: Ints
    marks: Ints

    @classmethod
    def of_words(cls, words: TokenTable) -> Self:
        """Take the words of posts, however often a post has each."""
        wide = max(len(words.words), 1)
        pairs = np.unique(words.texts * wide + words.ids)
        return cls(words.words, pairs // wide, pairs % wide)

    @classmethod
    def of_topics(cls, topics: Ints, names: dict[int, str]) -> Self:
        """Take the topic of each post, those whose names are not told left out."""
        ids = sorted(names)
        posts = np.flatnonzero(np.isin(topics, ids))
        return cls([names[one] for one in ids], posts, np.searchsorted(ids, topics[posts]).astype(np.int64))

    def inside(self, posts: Mask) -> Self:
        """Return the marks of those posts that the mask has, by their places."""
        kept = posts[self.posts]
        return type(self)(self.names, self.posts[kept], self.marks[kept])


@dataclass(frozen=True)
class MarkedPeople:
    """The marks of one segment in one window: `people` who bear each, nought where fewer than five do or do not.

    `present` are all people of the segment in the window. `mean` and `variance` are over people, of what a person's
    posts with the mark add to a figure of all their posts (`values`, one a post, nought on the average).
    """

    people: Ints
    present: int
    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, marks: Marks, of_post: Ints, inside: Mask, values: Floats | None = None) -> Self:
        """Count the people, `of_post` (posts,), of the posts `inside`."""
        held, wide = marks.inside(inside), len(marks.names)
        numbers, people = np.unique(of_post[inside], return_inverse=True)
        place = np.zeros(len(of_post), np.int64)
        place[inside] = people
        posts = np.bincount(people, minlength=len(numbers))
        many = max(len(numbers), 1)
        pairs, of_pair, together = np.unique(
            held.marks * many + place[held.posts], return_inverse=True, return_counts=True
        )
        mark, person = pairs // many, pairs % many
        bearing = np.bincount(mark, minlength=wide)
        without = len(numbers) - np.bincount(mark[together == posts[person]], minlength=wide)
        told = (bearing >= LEAST_PEOPLE) & ((without == 0) | (without >= LEAST_PEOPLE))
        added = np.zeros(len(pairs))
        if values is not None:
            added = np.bincount(of_pair, weights=values[held.posts], minlength=len(pairs)) / posts[person]
        mean = np.bincount(mark, weights=added, minlength=wide) / many
        square = np.bincount(mark, weights=added**2, minlength=wide)
        variance = np.maximum(square - many * mean**2, 0.0) / max(many - 1, 1)
        return cls(np.where(told, bearing, 0), len(numbers), np.where(told, mean, 0.0), np.where(told, variance, 0.0))
