"""Ways to give posts to a number of topics: by meaning or by words. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

import numpy as np
from typing_extensions import override

from services.clusters.bases.interest_space import InterestSpace
from services.clusters.fits.kmeans import ITERATIONS, Floats, distinct_rows, fit, refine
from services.clusters.fits.validity import silhouette
from services.clusters.terms.token_table import Ints
from services.clusters.topics.corpus import Corpus
from services.clusters.topics.lda import fitted_weights
from services.clusters.topics.model import NO_TOPIC, Centroids, TopicModel, directions
from services.clusters.topics.word_weights import WordWeights

Told = Callable[[float], None]
"""Told the share of the work that is done, 0 to 1."""

DIMENSIONS: Final = 20
"""Principal components of posts' embeddings: posts differ in more ways than authors do."""
STARTS: Final = 3
SEARCH_ROUNDS: Final = 60
"""Of Gibbs sampling while numbers of topics are compared: enough to rank them."""
ROUNDS: Final = 200
SEARCH_TOKENS: Final = 120_000


class Partition(ABC):
    """A way to give a corpus's posts to topics; `places` are the posts that take part, ascending.

    Numbers of topics are compared on `searched` of them at most, by a measure of their `separation`.
    """

    places: Ints
    searched: int
    separation: str

    @abstractmethod
    def tried(self, places: Ints, topics: int, seed: int) -> tuple[Ints, float | None]:
        """Return a topic for each of these posts, (places,), and how well the topics are separated.

        None where their words alone can tell, by their diversity.
        """

    @abstractmethod
    def model(self, topics: int, seed: int, told: Told) -> TopicModel:
        """Return the topics of all posts that take part."""


class MeaningPartition(Partition):
    """KMeans over the directions of posts in the principal components of their embeddings.

    Every post gets a topic, as the nearest centre has one: there are no forced outliers.
    """

    searched = 3_000
    separation = "silhouette"

    def __init__(self, corpus: Corpus, words: list[str], places: Ints, version: str, fitted: Ints) -> None:
        """Take posts with an embedding of `version`; the space is fitted on those at `fitted`."""
        self.places = places
        self._corpus = corpus
        self._words = words
        self._fitted = fitted
        vectors = corpus.words.vectors
        self._space = InterestSpace.fitted_on(vectors[fitted].astype(np.float64), version, DIMENSIONS)
        self._rows = directions(self._space, vectors[places])

    @property
    def distinct(self) -> int:
        """Return how many posts differ in meaning."""
        return distinct_rows(np.round(self._rows, 6))

    @override
    def tried(self, places: Ints, topics: int, seed: int) -> tuple[Ints, float]:
        rows = self._of(places)
        labels = fit(rows, topics, seed, STARTS).labels
        return labels, silhouette(rows, labels) or 0.0

    @override
    def model(self, topics: int, seed: int, told: Told) -> TopicModel:
        start = fit(self._of(self._fitted), topics, seed, STARTS)
        told(0.5)
        found = start if len(self._fitted) == len(self.places) else refine(self._rows, start.centres, ITERATIONS)
        labels = np.full(len(self._corpus), NO_TOPIC, np.int64)
        labels[self.places] = found.labels
        weights = WordWeights.counted(self._words, self._corpus.words.words, labels, topics)
        told(1.0)
        return TopicModel(
            np.arange(topics, dtype=np.int64), weights, Centroids(self._space, found.centres.astype(np.float64))
        )

    def _of(self, places: Ints) -> Floats:
        rows: Floats = self._rows[np.searchsorted(self.places, places)]
        return rows


class WordPartition(Partition):
    """Latent Dirichlet allocation; a post has the topic for which its words speak most."""

    searched = 8_000
    separation = "diversity"

    def __init__(self, corpus: Corpus, words: list[str], places: Ints) -> None:
        """Take posts with some of the `words`."""
        self.places = places
        self._words = words
        table = corpus.words.words
        starts = np.searchsorted(table.texts, np.arange(len(corpus) + 1))
        self._table = table
        self._starts = starts

    @override
    def tried(self, places: Ints, topics: int, seed: int) -> tuple[Ints, None]:
        taken = np.cumsum(np.diff(self._starts)[places]) <= SEARCH_TOKENS
        weights = fitted_weights(self._documents(places[taken]), topics, seed, SEARCH_ROUNDS, _quietly)
        return self._labels(weights)[places], None

    @override
    def model(self, topics: int, seed: int, told: Told) -> TopicModel:
        weights = fitted_weights(self._documents(self.places), topics, seed, ROUNDS, told)
        labels = np.full(len(self._starts) - 1, NO_TOPIC, np.int64)
        labels[self.places] = self._labels(weights)[self.places]
        counted = WordWeights.counted(self._words, self._table, labels, topics)
        return TopicModel(np.arange(topics, dtype=np.int64), counted)

    def _labels(self, weights: WordWeights) -> Ints:
        spoken, _ = weights.spoken(self._table, len(self._starts) - 1)
        found: Ints = np.argmax(spoken + weights.prior, axis=1).astype(np.int64)
        return found

    def _documents(self, places: Ints) -> list[list[str]]:
        words, ids, known = self._table.words, self._table.ids, set(self._words)
        spans = [ids[self._starts[place] : self._starts[place + 1]].tolist() for place in places.tolist()]
        return [[words[at] for at in span if words[at] in known] for span in spans]


def _quietly(_done: float) -> None:
    """Report nothing."""
