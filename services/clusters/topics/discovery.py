"""Topics found in posts, from a table to what is told and kept. Pure, deterministic, slow: runs in a worker process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from services.clusters.bases.basis import CannotTrainError
from services.clusters.fits.kmeans import align, sample
from services.clusters.terms.token_table import Ints
from services.clusters.topics.corpus import Corpus
from services.clusters.topics.model import NO_TOPIC, Belonging, TopicModel
from services.clusters.topics.partition import MeaningPartition, Partition, Told, WordPartition
from services.clusters.topics.topic import FoundTopics, TopicMethod
from services.clusters.topics.topic_count import chosen_place, tried_counts
from services.clusters.topics.topic_description import described
from services.clusters.topics.topic_terms import terms_of, tried_terms
from shared.one_thread import one_thread
from shared.small_groups import LEAST_PEOPLE

FEWEST_POSTS: Final = 40
"""Different posts: two topics of twenty."""
FEWEST_AUTHORS: Final = 2 * LEAST_PEOPLE
FEWEST_TERMS: Final = 3
"""A topic with fewer terms that may be told is none: its posts go to others."""
MOST_WORDS: Final = 20_000
FITTED: Final = 20_000
"""Posts on which the space is fitted and KMeans begins."""

SEARCHING, FITTING, DESCRIBING = "searching k", "fitting", "describing"
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Discovery:
    """What was found: `model` tells the topic of any post."""

    found: FoundTopics
    model: TopicModel


def discover(
    advance: Progress, table: pa.Table, method: TopicMethod, seed: int, before: TopicModel | None = None
) -> Discovery:
    """Return the topics of a table of posts (columns as profiles' texts).

    The same posts, method, seed and topics before give the same topics, whatever the order of the rows and the number
    of threads. Topics keep the id of the topic `before` with which they share most posts. Raises CannotTrainError where
    the posts are too few or too alike.
    """
    with one_thread():
        corpus = Corpus.of(table)
        words = corpus.told_words(MOST_WORDS)
        partition = _partition(corpus, method, words, seed)
        advance(SEARCHING, 0.0)
        count, reason = _count(corpus, partition, seed, lambda done: advance(SEARCHING, done))
        advance(FITTING, 0.0)
        model = partition.model(count, seed, lambda done: advance(FITTING, done))
        advance(DESCRIBING, 0.0)
        model, belonging = _told(corpus, model)
        if len(model.topic_ids) < count:
            reason += (
                f"; {count - len(model.topic_ids)} of fewer than {LEAST_PEOPLE} people or without words joined others"
            )
        model, belonging = _renamed(corpus, model, belonging, before)
        return Discovery(described(corpus, model, belonging, reason), model)


def _partition(corpus: Corpus, method: TopicMethod, words: list[str], seed: int) -> Partition:
    different = corpus.distinct()
    if method is TopicMethod.EMBEDDING:
        places = different[corpus.words.embedded[different]]
        if not places.size:
            raise CannotTrainError(
                "none of the posts has an embedding; ingest posts with a model that makes them, or ask for lda"
            )
        _check(corpus, places, "with an embedding")
        fitted = places[sample(len(places), FITTED, seed)]
        meaning = MeaningPartition(corpus, words, places, corpus.words.version or "", fitted)
        if meaning.distinct < FEWEST_POSTS:
            raise CannotTrainError(
                f"the posts say only {meaning.distinct} different things; topics need {FEWEST_POSTS}"
            )
        return meaning
    places = different[np.isin(different, _with_words(corpus, words))]
    _check(corpus, places, "with words that five authors use")
    return WordPartition(corpus, words, places)


def _with_words(corpus: Corpus, words: list[str]) -> Ints:
    known = set(words)
    table = corpus.words.words
    listed = np.fromiter((word in known for word in table.words), np.bool_, len(table.words))
    found: Ints = np.unique(table.texts[listed[table.ids]])
    return found


def _check(corpus: Corpus, places: Ints, kind: str) -> None:
    authors = len(np.unique(corpus.authors))
    if authors < FEWEST_AUTHORS:
        raise CannotTrainError(
            f"the posts are of {authors} authors and topics need at least {FEWEST_AUTHORS}; ingest more posts"
        )
    if len(places) < FEWEST_POSTS:
        raise CannotTrainError(
            f"there are {len(places)} different posts {kind} and topics need at least {FEWEST_POSTS}; ingest more posts"
        )


def _count(corpus: Corpus, partition: Partition, seed: int, told: Told) -> tuple[int, str]:
    """Compare numbers of topics on a sample of the posts; return the best one and why."""
    judged = partition.places[sample(len(partition.places), partition.searched, seed)]
    counts = tried_counts(len(judged))
    words = corpus.told_words(MOST_WORDS, judged)
    separations, coherences = [], []
    for done, count in enumerate(counts, start=1):
        labels = np.full(len(corpus), NO_TOPIC, np.int64)
        labels[judged], separation = partition.tried(judged, count, seed)
        terms = tried_terms(corpus, labels, count, words)
        separations.append(terms.diversity or 0.0 if separation is None else separation)
        coherences.append(terms.npmi)
        told(done / len(counts))
    place = chosen_place(counts, separations, coherences)
    npmi = coherences[place]
    together = "unknown" if npmi is None else f"{npmi:.3f}"
    apart = f"{partition.separation} {separations[place]:.3f}"
    reason = f"{counts[place]} of {counts[0]} to {counts[-1]} tried hold together best: NPMI {together}, {apart}"
    return counts[place], reason


def _told(corpus: Corpus, model: TopicModel) -> tuple[TopicModel, Belonging]:
    """Take topics of too few people or without words away, the smallest first; their posts go to the next topic."""
    while True:
        belonging = model.belonging(corpus.words)
        terms = terms_of(corpus, belonging.ids, model.topic_ids).terms
        people = [len(np.unique(corpus.authors[belonging.ids == topic])) for topic in model.topic_ids.tolist()]
        poor = [
            place
            for place, (wrote, found) in enumerate(zip(people, terms, strict=True))
            if wrote < LEAST_PEOPLE or len(found) < FEWEST_TERMS
        ]
        if not poor:
            return model, belonging
        if len(model.topic_ids) == 1:
            raise CannotTrainError(
                f"no {FEWEST_TERMS} words are used by {LEAST_PEOPLE} authors or more; ingest more posts"
            )
        model = model.without(min(poor, key=lambda place: (people[place], place)))


def _renamed(
    corpus: Corpus, model: TopicModel, belonging: Belonging, before: TopicModel | None
) -> tuple[TopicModel, Belonging]:
    """Give topics the ids of those before with which they share posts; with nothing before, the largest is 0."""
    labels = np.searchsorted(model.topic_ids, belonging.ids)
    labels[belonging.ids == NO_TOPIC] = 0
    counted = np.flatnonzero(belonging.ids != NO_TOPIC)
    keys = [str(place) for place in counted.tolist()]
    members: dict[str, int] = {}
    used: list[int] = []
    if before is not None:
        earlier = before.belonging(corpus.words).ids
        used = before.topic_ids.tolist()
        members = {str(place): int(earlier[place]) for place in counted.tolist() if earlier[place] != NO_TOPIC}
    ids_by_label = align(labels[counted], keys, members, used)
    ids = np.array([ids_by_label[label] for label in range(len(model.topic_ids))], np.int64)
    renamed = np.where(belonging.ids == NO_TOPIC, NO_TOPIC, ids[labels])
    return model.renamed(ids), Belonging(renamed, belonging.outliers)
