"""How good topics are: whether their words occur together, and whether topics differ. Pure."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from services.clusters.terms.token_table import Floats, Ints, TokenTable

TOP_WORDS: Final = 10
"""Of each topic so many words are judged, as in BERTopic's paper."""
WINDOW: Final = 10
"""Words that occur together are within so many tokens, as in gensim's `c_npmi`, which OCTIS measures by."""
_NEVER: Final = 1e-12
"""What is added to the share of a pair, as there: two words that are never together get about -0.7."""


def npmi(table: TokenTable, topics: Sequence[Sequence[str]], *, of_all: bool = True) -> list[float | None]:
    """Return each topic's coherence in [-1, 1]: the mean NPMI over the pairs of its first ten words.

    NPMI(v, w) = log(p(v, w) / (p(v) p(w))) / -log p(v, w) (Bouma 2009; as a coherence: Lau, Newman & Baldwin, EACL
    2014), where p is the share of sliding windows of ten tokens that hold the words: of all texts that have a token, as
    in gensim's CoherenceModel (`c_npmi`), or not `of_all`, of those with one of the topics' words. None for a topic
    without a pair of words that the texts have.
    """
    known = {word: place for place, word in enumerate(table.words)}
    judged = [[known[word] for word in topic[:TOP_WORDS] if word in known] for topic in topics]
    words = np.unique(np.asarray([place for topic in judged for place in topic], np.int64))
    shares = _window_shares(table, words, of_all=of_all)
    return [_coherence(shares, np.searchsorted(words, topic)) for topic in judged]


def coherent_words(table: TokenTable, candidates: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return each topic's words without those that occur least with the others, until ten are left, in their order.

    Words that set a topic apart need not belong together: names and slips are as distinctive as what it is about. The
    word whose mean NPMI with those that are left is lowest goes first, of equal ones the later.
    """
    known = {word: place for place, word in enumerate(table.words)}
    words = np.unique(np.asarray([known[word] for topic in candidates for word in topic], np.int64))
    shares = _window_shares(table, words)
    return [
        [topic[place] for place in _kept(_pairs(shares, np.searchsorted(words, [known[word] for word in topic])))]
        for topic in candidates
    ]


def mean_npmi(found: Sequence[float | None]) -> float | None:
    """Return the mean over the topics that have a coherence; None without one."""
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else None


def diversity(topics: Sequence[Sequence[str]]) -> float | None:
    """Return the share of different words among all topics' first ten, in [0, 1]; None without words.

    Dieng, Ruiz & Blei, "Topic Modeling in Embedding Spaces", TACL 2020, with ten words as in BERTopic's comparison.
    """
    words = [word for topic in topics for word in topic[:TOP_WORDS]]
    return len(set(words)) / len(words) if words else None


def _coherence(shares: Floats, topic: Ints) -> float | None:
    if len(topic) < 2:  # noqa: PLR2004 - a pair
        return None
    return float(np.mean(_pairs(shares, topic)[np.tril_indices(len(topic), -1)]))


def _pairs(shares: Floats, topic: Ints) -> Floats:
    """Return (words, words): the NPMI of each pair of a topic's words, 0 on the diagonal."""
    together = shares[np.ix_(topic, topic)] + _NEVER
    alone = shares[topic, topic]
    surprise = -np.log(np.minimum(together, 1 - _NEVER))
    found: Floats = np.clip(np.log(together / np.outer(alone, alone)) / surprise, -1.0, 1.0)
    found[together >= 1] = 1.0  # always together: the limit
    np.fill_diagonal(found, 0.0)
    return found


def _kept(pairs: Floats) -> list[int]:
    left = list(range(len(pairs)))
    while len(left) > TOP_WORDS:
        sums = pairs[np.ix_(left, left)].sum(axis=1)
        left.pop(len(left) - 1 - int(np.argmin(sums[::-1])))
    return left


def _window_shares(table: TokenTable, words: Ints, *, of_all: bool = True) -> Floats:
    """Return (words, words): the share of windows that hold both; on the diagonal, the word."""
    from scipy.sparse import csr_matrix

    if not len(words):
        return np.zeros((0, 0))
    texts, ids = table.texts, table.ids
    starts = np.searchsorted(texts, np.arange(texts.max() + 1 if len(texts) else 0))
    lengths = np.diff(np.append(starts, len(texts)))
    at = np.flatnonzero(np.isin(ids, words))
    counted = lengths > 0 if of_all else np.isin(np.arange(len(starts)), texts[at])
    windows = np.where(counted, np.maximum(lengths - WINDOW + 1, 1), 0)
    before = np.concatenate([[0], np.cumsum(windows)])
    place = at - starts[texts[at]]
    first = np.maximum(place - WINDOW + 1, 0)
    last = np.minimum(place, windows[texts[at]] - 1)
    spans = last - first + 1
    nth = np.arange(spans.sum()) - np.repeat(np.cumsum(spans) - spans, spans)
    rows = np.repeat(before[texts[at]] + first, spans) + nth
    columns = np.repeat(np.searchsorted(words, ids[at]), spans)
    cells = np.unique(rows * len(words) + columns)
    shape = (int(before[-1]), len(words))
    holds = csr_matrix((np.ones(len(cells)), (cells // len(words), cells % len(words))), shape=shape)
    shares: Floats = (holds.T @ holds).toarray() / before[-1]
    return shares
