"""Whether a text's answer depends on its company in the batch, and what quantisation changed."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.sentiment.model_card import ModelCard
from services.sentiment.scoring import softmax
from training.evaluation.served import Rows, ServedModel
from training.measures import Probabilities

TEXTS: Final = 512
COMPANY: Final = 8


def check_company(model: ServedModel, texts: Sequence[str]) -> dict[str, float]:
    """Compare each text's answer alone with its answer among seven random others, for every output.

    Named `company, HEAD, labels changed (%)` and `company, HEAD, largest shift`, of a probability in
    [0, 1]; for the embedding the largest distance 1 - cosine. At most `TEXTS` texts are taken.
    """
    tokens = model.encode(texts[:TEXTS])
    order = np.random.default_rng(0).permutation(len(tokens))
    return compare(model.card, model.run(tokens, 1, order), model.run(tokens, COMPANY, order), "company")


def check_full(model: ServedModel, full: ServedModel, texts: Sequence[str]) -> dict[str, float]:
    """Compare the served graph with the one before quantisation, on texts of which each output is read.

    Named as by `check_company`, with `full` in front.
    """
    tokens = model.encode(texts)
    return compare(model.card, model.run(tokens), full.run(tokens), "full")


def check_encoder(model: ServedModel, encoder: ServedModel, texts: Sequence[str]) -> dict[str, float]:
    """Return how far the model still calls those texts alike that another encoder calls alike.

    It is Pearson's correlation, -1 to 1, of the cosines of all pairs of at most `TEXTS` texts: it needs
    no space in common.
    """
    some = texts[:TEXTS]
    pairs = np.triu_indices(len(some), k=1)
    mine, theirs = ((vectors @ vectors.T)[pairs] for vectors in (model.embed(some), encoder.embed(some)))
    return {f"encoder {encoder.name}, correlation of similarities": float(np.corrcoef(mine, theirs)[0, 1])}


def compare(card: ModelCard, one: Rows, other: Rows, what: str) -> dict[str, float]:
    """Return how two readings of the same texts differ: for each head and the embedding."""
    figures: dict[str, float] = {}
    for head in card.heads:
        temperature = card.heads[head].temperature
        mine, theirs = _shares(one[head], temperature), _shares(other[head], temperature)
        changed = float((mine.argmax(1) != theirs.argmax(1)).mean())
        figures[f"{what}, {head}, labels changed (%)"] = round(100 * changed, 3)
        figures[f"{what}, {head}, largest shift"] = float(np.abs(mine - theirs).max())
        figures[f"{what}, {head}, mean shift"] = float(np.abs(mine - theirs).mean())
    if card.embedding is not None:
        distances = 1 - _cosines(np.stack(one["embedding"]), np.stack(other["embedding"]))
        figures[f"{what}, embedding, largest distance"] = float(distances.max())
        figures[f"{what}, embedding, mean distance"] = float(distances.mean())
    return figures


def _shares(rows: Sequence[NDArray[np.float32]], temperature: float) -> Probabilities:
    """Return probabilities (texts, classes), where pieces are tagged (pieces, classes)."""
    return softmax(np.concatenate([np.atleast_2d(row) for row in rows]), temperature)


def _cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    cosines: NDArray[np.float64] = (one.astype(np.float64) * other).sum(axis=1) / np.maximum(lengths, 1e-12)
    return cosines
