"""What is told of topics: their words, posts, people, sentiment, and how they change. Pure."""

import numpy as np

from services.clusters.terms.token_table import Ints
from services.clusters.topics.corpus import Corpus
from services.clusters.topics.history import history_of, trends_of
from services.clusters.topics.model import NO_TOPIC, Belonging, TopicModel
from services.clusters.topics.topic import FoundTopics, Outliers, Topic
from services.clusters.topics.topic_terms import name_of, terms_of
from shared.small_groups import LEAST_PEOPLE, withheld

MOST_LANGUAGES = 5
UNKNOWN = "unknown"


def described(corpus: Corpus, model: TopicModel, belonging: Belonging, reason: str) -> FoundTopics:
    """Return what is told of the topics of these posts, the largest first, each of five people or more."""
    ids, topics = belonging.ids, np.sort(model.topic_ids)
    has_topic = ids != NO_TOPIC
    known = terms_of(corpus, np.where(belonging.outliers, NO_TOPIC, ids), topics)
    if not all(known.terms):
        known = terms_of(corpus, ids, topics)
    trends = trends_of(corpus, ids, topics)
    total = int(has_topic.sum())
    items = []
    for place, topic in enumerate(topics.tolist()):
        own = np.flatnonzero(ids == topic)
        items.append(
            Topic(
                id=topic,
                name=name_of(known.terms[place]),
                terms=known.terms[place],
                posts=len(own),
                authors=_people(corpus, own),
                share=len(own) / total,
                mean_score=_mean_score(corpus, own),
                npmi=known.coherences[place],
                trend=trends[place],
                languages=_languages(corpus, own),
            )
        )
    return FoundTopics(
        npmi=known.npmi,
        diversity=known.diversity,
        reason=reason,
        posts=total,
        authors=_people(corpus, np.flatnonzero(has_topic)),
        items=sorted(items, key=lambda topic: (-topic.posts, topic.id)),
        over_time=history_of(corpus, ids),
        outliers=_outliers(corpus, belonging, total),
    )


def _people(corpus: Corpus, places: Ints) -> int:
    return len(np.unique(corpus.authors[places]))


def _mean_score(corpus: Corpus, places: Ints) -> float | None:
    scored = places[~np.isnan(corpus.scores[places])]
    return float(corpus.scores[scored].mean()) if _people(corpus, scored) >= LEAST_PEOPLE else None


def _languages(corpus: Corpus, places: Ints) -> dict[str, float]:
    """Return the shares of a topic's languages, without those of few people and what would tell of them."""
    codes, which = np.unique(corpus.languages[places], return_inverse=True)
    people = {str(code): _people(corpus, places[which == at]) for at, code in enumerate(codes)}
    hidden = withheld(people)
    counts = {str(code): int(np.sum(which == at)) for at, code in enumerate(codes) if str(code) not in hidden}
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LANGUAGES]
    return {code or UNKNOWN: count / len(places) for code, count in ranked}


def _outliers(corpus: Corpus, belonging: Belonging, total: int) -> Outliers:
    far, silent = np.flatnonzero(belonging.outliers), np.flatnonzero(belonging.ids == NO_TOPIC)
    is_told = not 0 < _people(corpus, far) < LEAST_PEOPLE
    return Outliers(
        posts=len(far) if is_told else None,
        share=len(far) / total if is_told else None,
        without_topic=None if 0 < _people(corpus, silent) < LEAST_PEOPLE else len(silent),
    )
