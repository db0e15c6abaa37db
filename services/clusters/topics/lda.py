"""Topics by words that are used together: latent Dirichlet allocation. The only module that knows tomotopy."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from services.clusters.topics.word_weights import WordWeights

TOPIC_PRIOR: Final = 0.1
"""Of each post's topics: posts are short, and about few things. tomotopy fits it to the posts as it goes."""
WORD_PRIOR: Final = 0.01
ROUNDS_AT_ONCE: Final = 10


def fitted_weights(
    documents: Sequence[Sequence[str]], topics: int, seed: int, rounds: int, told: Callable[[float], None]
) -> WordWeights:
    """Return what words speak for each of so many topics (Blei, Ng & Jordan 2003), by collapsed Gibbs sampling.

    `documents` are tokens of texts, some in each, in an order that is always the same. One thread samples, so the same
    documents and seed give the same topics. `told` gets the share that is done.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its modules warn on import, which makes no import where warnings are errors
        import tomotopy

    model: Any = tomotopy.LDAModel(k=topics, alpha=TOPIC_PRIOR, eta=WORD_PRIOR, seed=seed)
    for document in documents:
        model.add_doc(document)
    for done in range(0, rounds, ROUNDS_AT_ONCE):
        model.train(min(ROUNDS_AT_ONCE, rounds - done), workers=1)
        told(min(1.0, (done + ROUNDS_AT_ONCE) / rounds))
    used = [str(word) for word in model.used_vocabs]
    order = np.argsort(np.array(used, np.str_))
    within = np.array([model.get_topic_word_dist(topic) for topic in range(topics)], np.float64)[:, order]
    sizes = np.asarray(model.get_count_by_topics(), np.float64) + 1
    prior = sizes / sizes.sum()
    return WordWeights.of([used[place] for place in order], within, prior)
