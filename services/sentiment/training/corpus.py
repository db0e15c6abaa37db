"""The labelled corpora that the heads learn from, read from Parquet and encoded once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tokenizers import Tokenizer

from services.sentiment.normalisation import normalise
from shared.analysis import SENTIMENT_LABELS

VALIDATION_SHARE = 0.1
SUBJECTIVITY_LABELS = ("objective", "subjective")


@dataclass(frozen=True)
class Corpus:
    """Texts as token ids (without padding) beside their class indices."""

    head: str
    labels: tuple[str, ...]
    ids: list[list[int]]
    targets: NDArray[np.int64]

    def class_weights(self) -> NDArray[np.float32]:
        """Return square-root inverse class frequencies with mean 1, shape (classes,)."""
        counts = np.bincount(self.targets, minlength=len(self.labels)).astype(np.float64)
        weights = np.sqrt(counts.sum() / np.maximum(counts, 1))
        return np.asarray(weights / weights.mean(), dtype=np.float32)


def read_columns(path: Path) -> tuple[list[str], NDArray[np.int64]]:
    """Return the columns `text` and `label` of a Parquet file.

    Raises ValueError with the file's and the column's name where one is missing or no row is there.
    """
    table = pq.read_table(path)
    for column in ("text", "label"):
        if column not in table.column_names:
            raise ValueError(f"{path.name} has no column '{column}'; it has {', '.join(table.column_names)}")
    if table.num_rows == 0:
        raise ValueError(f"{path.name} has no rows")
    return table["text"].to_pylist(), table["label"].to_numpy().astype(np.int64)


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of each text as the served model sees it."""
    return [encoding.ids for encoding in tokenizer.encode_batch([normalise(text) for text in texts])]


def sentiment(data: Path, tokenizer: Tokenizer, part: str) -> Corpus:
    """Read TweetEval sentiment; `part` is `train` or `val`, both as published."""
    texts, targets = read_columns(data / "tweeteval" / f"sentiment_{part}.parquet")
    return Corpus("sentiment", SENTIMENT_LABELS, encode(tokenizer, texts), targets)


def subjectivity(data: Path, tokenizer: Tokenizer, part: str) -> Corpus:
    """Read the Subjectivity dataset (Pang & Lee 2004); a tenth, chosen by the text's hash, is `val`."""
    texts, targets = hold_out(*read_columns(data / "subj" / "train.parquet"), part=part)
    return Corpus("subjectivity", SUBJECTIVITY_LABELS, encode(tokenizer, texts), targets)


def hold_out(texts: list[str], targets: NDArray[np.int64], part: str) -> tuple[list[str], NDArray[np.int64]]:
    """Return the rows of `part`: `val` is a tenth, chosen by the text's hash, `train` the rest."""
    kept = [i for i, text in enumerate(texts) if (_fraction(text) < VALIDATION_SHARE) == (part == "val")]
    return [texts[i] for i in kept], targets[kept]


def _fraction(text: str) -> float:
    return int(hashlib.sha256(f"subj|{text}".encode()).hexdigest()[:8], 16) / 2**32
