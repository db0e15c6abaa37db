"""Topics as they are kept with their run: what tells the topic of any post. Pure."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.clusters.bases.fitted import packed, unpacked
from services.clusters.bases.interest_space import InterestSpace
from services.clusters.terms.token_table import Floats, Ints
from services.clusters.topics.corpus import PostWords
from services.clusters.topics.word_weights import WordWeights

NO_TOPIC: Final = -1
"""Of a post that says nothing: neither an embedding nor a word that the topics know; real ids begin at 0."""

CHUNK: Final = 20_000
"""Posts whose embeddings are placed at a time."""


@dataclass(frozen=True)
class Centroids:
    """Topics in a space of embeddings: `centres` (topics, dimensions), the means of directions of length 1 or less."""

    space: InterestSpace
    centres: Floats

    def nearness(self, vectors: NDArray[np.float32]) -> Floats:
        """Return (posts, topics): how much nearer a post is to a topic's centre than to the middle of all posts.

        Half of the difference of the squared distances: positive where the topic's centre is the nearer one.
        """
        found = np.zeros((len(vectors), len(self.centres)))
        half = np.square(self.centres).sum(axis=1) / 2
        for first in range(0, len(vectors), CHUNK):
            part = slice(first, first + CHUNK)
            found[part] = directions(self.space, vectors[part]) @ self.centres.T - half
        return found


@dataclass(frozen=True)
class Belonging:
    """The topic of each post: `ids` (posts,), `NO_TOPIC` for a post that says nothing.

    `outliers` marks posts that are no nearer to their topic than to all posts together: they have it softly.
    """

    ids: Ints
    outliers: NDArray[np.bool_]


@dataclass(frozen=True)
class TopicModel:
    """What tells a post's topic: by its embedding where the topics were found by embeddings, else by its words."""

    topic_ids: Ints
    weights: WordWeights
    centroids: Centroids | None = None

    def of(self, table: pa.Table) -> Ints:
        """Return the topic of each post (columns text, language, embedding, embedding_version), in the table's order.

        `NO_TOPIC` where a post says nothing.
        """
        version = self.centroids.space.version if self.centroids else None
        return self.belonging(PostWords.of(table, version)).ids

    def belonging(self, posts: PostWords) -> Belonging:
        """Return the topic of each post: the nearest by meaning, else the one that its words speak for most."""
        spoken, known = self.weights.spoken(posts.words, len(posts))
        places = np.argmax(spoken + self.weights.prior, axis=1).astype(np.int64)
        strength = spoken[np.arange(len(posts)), places]
        says = known > 0
        if self.centroids is not None and posts.version == self.centroids.space.version:
            embedded = np.flatnonzero(posts.embedded)
            nearness = self.centroids.nearness(posts.vectors[embedded])
            places[embedded] = np.argmax(nearness, axis=1)
            strength[embedded] = nearness[np.arange(len(embedded)), places[embedded]]
            says[embedded] = True
        return Belonging(np.where(says, self.topic_ids[places], NO_TOPIC), says & (strength <= 0))

    def without(self, place: int) -> Self:
        """Return the model of the other topics."""
        centroids = self.centroids
        if centroids is not None:
            centroids = replace(centroids, centres=np.delete(centroids.centres, place, axis=0))
        return replace(
            self, topic_ids=np.delete(self.topic_ids, place), weights=self.weights.without(place), centroids=centroids
        )

    def renamed(self, topic_ids: Ints) -> Self:
        """Return the model with other ids for its topics."""
        return replace(self, topic_ids=topic_ids)

    def to_bytes(self) -> bytes:
        """Return the model as it is kept."""
        arrays: dict[str, NDArray[np.generic]] = {
            "topic_ids": self.topic_ids,
            "words": np.array(self.weights.words, np.str_),
            "evidence": self.weights.evidence.astype(np.float32),
            "prior": self.weights.prior,
        }
        if self.centroids is not None:
            space = self.centroids.space
            arrays |= {"version": np.array(space.version), "centre": space.centre, "middle": space.middle}
            arrays |= {"components": space.components, "centres": self.centroids.centres}
        return packed(arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Return the model that these bytes keep; raises ValueError where they are none."""
        found = unpacked(content)
        try:
            weights = WordWeights(found["words"].tolist(), found["evidence"].astype(np.float64), found["prior"])
            centroids = None
            if "centres" in found:
                space = InterestSpace(str(found["version"]), found["centre"], found["middle"], found["components"])
                centroids = Centroids(space, found["centres"])
            return cls(found["topic_ids"].astype(np.int64), weights, centroids)
        except KeyError as error:
            raise ValueError("these bytes are no topics") from error


def directions(space: InterestSpace, vectors: NDArray[np.float32]) -> Floats:
    """Return (posts, dimensions): where posts lie in the space, as directions of length 1."""
    rows = space.placed(vectors.astype(np.float64))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Floats = rows / np.maximum(lengths, np.finfo(np.float64).tiny)
    return found
