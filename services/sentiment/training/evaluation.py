"""Measures a model folder on the validation splits through the code that serves it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.sentiment.engine import Engine
from services.sentiment.model_folder import open_model
from services.sentiment.normalisation import normalise
from services.sentiment.scoring import softmax
from services.sentiment.tokenizer import Tokenizer, Tokens
from services.sentiment.training.corpus import hold_out, read_columns
from services.sentiment.training.measures import accuracy, macro_f1, macro_recall

BATCH = 32
COMPANY = 8
SCORE = np.array([0.0, 0.5, 1.0])

Logits = NDArray[np.float32]


def evaluate(folder: Path, data: Path, full: Path | None = None) -> dict[str, float | str]:
    """Return the folder's figures in percent, and how far its answers move with the company of their batch.

    With `full`, the graph before quantisation, the share of labels on which both agree is among them.
    Raises ValueError or SettingsError for files that do not fit.
    """
    model = open_model(str(folder))
    engine = Engine(model, "cpu", 0)
    tokenizer = Tokenizer(model.tokenizer, model.card.max_length)
    figures: dict[str, float | str] = {"model": model.card.label}
    texts, targets = read_columns(data / "tweeteval" / "sentiment_val.parquet")
    tokens = _encode(tokenizer, texts)
    logits = _run(engine, tokens, "sentiment", BATCH, _by_length(tokens))
    figures |= _figures("sentiment", targets, logits)
    figures |= _company(engine, tokens)
    if full is not None:
        other = Engine(type(model)(model.card, full, model.tokenizer), "cpu", 0)
        figures |= _agreement(logits, _run(other, tokens, "sentiment", BATCH, _by_length(tokens)), targets)
    if "subjectivity" in model.card.heads:
        texts, targets = hold_out(*read_columns(data / "subj" / "train.parquet"), part="val")
        tokens = _encode(tokenizer, texts)
        figures |= _figures("subjectivity", targets, _run(engine, tokens, "subjectivity", BATCH, _by_length(tokens)))
    return figures


def _encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Tokens]:
    return tokenizer.encode([normalise(text) for text in texts], [None] * len(texts))


def _by_length(tokens: Sequence[Tokens]) -> NDArray[np.int64]:
    return np.argsort([len(text) for text in tokens], kind="stable")


def _run(engine: Engine, tokens: Sequence[Tokens], head: str, size: int, order: NDArray[np.int64]) -> Logits:
    parts = [engine.run([tokens[i] for i in order[k : k + size]])[head] for k in range(0, len(order), size)]
    logits = np.empty((len(tokens), parts[0].shape[1]), dtype=np.float32)
    logits[order] = np.concatenate(parts)
    return logits


def _figures(head: str, targets: NDArray[np.int64], logits: Logits) -> dict[str, float | str]:
    predicted = logits.argmax(1)
    measures: dict[str, Callable[[NDArray[np.int64], NDArray[np.int64]], float]] = {
        "accuracy": accuracy,
        "macro recall": macro_recall,
        "macro F1": macro_f1,
    }
    named = {f"{head}, {name} (%)": round(100 * measure(targets, predicted), 2) for name, measure in measures.items()}
    return {f"{head}, texts": len(targets), **named}


def _company(engine: Engine, tokens: Sequence[Tokens]) -> dict[str, float | str]:
    """Compare each text's answer alone with its answer among seven random others."""
    some = list(tokens[:512])
    order = np.random.default_rng(0).permutation(len(some))
    alone = softmax(_run(engine, some, "sentiment", 1, order))
    together = softmax(_run(engine, some, "sentiment", COMPANY, order))
    shift = np.abs((alone - together) @ SCORE)
    return {
        "alone against in eights, labels changed (%)": round(
            100 * float((alone.argmax(1) != together.argmax(1)).mean()), 2
        ),
        "alone against in eights, largest shift of score": float(f"{shift.max():.1e}"),
    }


def _agreement(logits: Logits, full: Logits, targets: NDArray[np.int64]) -> dict[str, float | str]:
    shift = np.abs((softmax(logits) - softmax(full)) @ SCORE)
    return {
        "sentiment, macro recall of the fp32 graph (%)": round(100 * macro_recall(targets, full.argmax(1)), 2),
        "INT8 against fp32, same label (%)": round(100 * float((logits.argmax(1) == full.argmax(1)).mean()), 2),
        "INT8 against fp32, mean shift of score": round(float(shift.mean()), 4),
        "INT8 against fp32, largest shift of score": round(float(shift.max()), 4),
    }
