"""The labelled corpora of the data folder, read from Parquet: texts, classes, and which rows are held out."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from services.sentiment.normalisation import normalise
from services.sentiment.tokenizer import Tokenizer, Tokens
from shared.analysis import SENTIMENT_LABELS
from training.airline import AIRLINE_CATEGORIES, read_airline_categories

Part = Literal["train", "val"]

VALIDATION_SHARE: Final = 0.1
SENTIMENT140_VALIDATION_SHARE: Final = 0.02
AIRLINE_PREFIX: Final = "airline-val"
EMOTIONS: Final = ("anger", "joy", "optimism", "sadness")
TARGET_CLASSES: Final = {"negative": 0, "neutral": 1, "irrelevant": 1, "positive": 2}
"""A post that is not about the target says nothing of it: Irrelevant counts as neutral."""


@dataclass(frozen=True)
class Examples:
    """Texts with their classes: indices into `labels`. `targets`, where given, is what each text is about."""

    texts: list[str]
    classes: NDArray[np.int64]
    labels: tuple[str, ...]
    targets: list[str] | None = None

    def taken(self, rows: Sequence[int]) -> "Examples":
        """Return the examples in `rows`, in that order."""
        targets = None if self.targets is None else [self.targets[row] for row in rows]
        return Examples([self.texts[row] for row in rows], self.classes[list(rows)], self.labels, targets)


def encode(tokenizer: Tokenizer, texts: Sequence[str], targets: Sequence[str] | None = None) -> list[Tokens]:
    """Return the tokens of each raw text, normalised as the service does; with `targets` of text and target."""
    abouts = [None] * len(texts) if targets is None else [normalise(target) for target in targets]
    return tokenizer.encode([normalise(text) for text in texts], abouts)


def read_examples(corpus: str, folder: Path, part: Part) -> Examples:
    """Return one part of a corpus under the data folder.

    Raises ValueError with the file, the column and the remedy where something is missing or no label
    of ours, and where a part has no row or one class only.
    """
    if corpus not in _READERS:
        raise ValueError(f"there is no corpus '{corpus}'; there are {', '.join(sorted(_READERS))}")
    examples = _READERS[corpus](folder, part)
    if len(np.unique(examples.classes)) < 2:  # noqa: PLR2004 - a classifier needs two
        raise ValueError(f"the {part} part of '{corpus}' in {folder} has {len(examples.texts)} rows of one class only")
    return examples


def read_columns(path: Path, columns: Iterable[str]) -> dict[str, list[Any]]:
    """Return columns of a Parquet file as lists.

    Raises ValueError with the file's and the column's name where one is missing or no row is there, and
    with the row where `text` holds something else than text; null is an empty text.
    """
    columns = list(columns)
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; give the data folder that holds it, or leave the corpus out") from None
    except (OSError, pa.ArrowInvalid) as error:
        raise ValueError(f"{path} is damaged or no Parquet file") from error
    for column in columns:
        if column not in table.column_names:
            raise ValueError(f"{path.name} has no column '{column}'; it has {', '.join(table.column_names)}")
    if table.num_rows == 0:
        raise ValueError(f"{path.name} has no rows")
    read = {column: table[column].to_pylist() for column in columns}
    if "text" in read:
        read["text"] = [_text(path, row, value) for row, value in enumerate(read["text"])]
    return read


def _text(path: Path, row: int, value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{path.name}: row {row + 1} of the column 'text' holds {type(value).__name__}, no text")
    return value or ""


def fraction(prefix: str, key: str) -> float:
    """Return a number in [0, 1) that is always the same for a key: what decides which rows are held out."""
    return int(hashlib.sha256(f"{prefix}|{key}".encode()).hexdigest()[:8], 16) / 2**32


def _published(name: str, labels: tuple[str, ...]) -> Callable[[Path, Part], Examples]:
    def read(folder: Path, part: Part) -> Examples:
        path = folder / "tweeteval" / f"{name}_{part}.parquet"
        columns = read_columns(path, ["text", "label"])
        return Examples(columns["text"], _classes(path, columns["label"], dict(enumerate(labels))), labels)

    return read


def _airline(folder: Path, part: Part) -> Examples:
    path = folder / "airline" / "tweets.parquet"
    columns = read_columns(path, ["text", "airline_sentiment", "name", "airline"])
    named = dict(enumerate(SENTIMENT_LABELS))
    numbers = {label: number for number, label in named.items()}
    classes = _classes(path, [numbers.get(value, value) for value in columns["airline_sentiment"]], named)
    rows = [i for i, name in enumerate(columns["name"]) if _is_in(part, fraction(AIRLINE_PREFIX, name))]
    return Examples(columns["text"], classes, SENTIMENT_LABELS, columns["airline"]).taken(rows)


def _airline_category(folder: Path, part: Part) -> Examples:
    posts = [post for post in read_airline_categories(folder) if _is_in(part, fraction(AIRLINE_PREFIX, post.author))]
    classes = np.array([AIRLINE_CATEGORIES.index(post.label) for post in posts], dtype=np.int64)
    return Examples([post.text for post in posts], classes, AIRLINE_CATEGORIES)


def _split(file: str, labels: tuple[str, ...], prefix: str, held_out: float) -> Callable[[Path, Part], Examples]:
    """Return the reader of a file of which `held_out` of the texts are held out, by a digest of each."""

    def read(folder: Path, part: Part) -> Examples:
        path = folder / file
        columns = read_columns(path, ["text", "label"])
        classes = _classes(path, columns["label"], dict(enumerate(labels)))
        rows = [i for i, text in enumerate(columns["text"]) if _is_in(part, fraction(prefix, text), held_out)]
        return Examples(columns["text"], classes, labels).taken(rows)

    return read


def _entity_sentiment(folder: Path, part: Part) -> Examples:
    path = folder / "entity_sentiment" / "training.parquet"
    columns = read_columns(path, ["id", "entity", "sentiment", "content"])
    numbers = [TARGET_CLASSES.get(str(value).lower(), value) for value in columns["sentiment"]]
    classes = _classes(path, numbers, dict(enumerate(SENTIMENT_LABELS)))
    texts = [text or "" for text in columns["content"]]
    seen: set[tuple[str, str, str]] = set()
    rows = []
    for row, key in enumerate(zip(columns["id"], columns["entity"], texts, strict=True)):
        if key[2].strip() and key not in seen and _is_in(part, fraction("entity-sentiment", key[0])):
            rows.append(row)
        seen.add(key)
    return Examples(texts, classes, SENTIMENT_LABELS, columns["entity"]).taken(rows)


def _is_in(part: Part, share: float, held_out: float = VALIDATION_SHARE) -> bool:
    return (share < held_out) == (part == "val")


def _classes(path: Path, values: Sequence[Any], labels: Mapping[int, str]) -> NDArray[np.int64]:
    for row, value in enumerate(values):
        if not isinstance(value, int) or value not in labels:
            known = ", ".join(f"{number} {label}" for number, label in labels.items())
            raise ValueError(f"{path.name}: row {row + 1} has the label {value!r}; known are {known}")
    return np.array(values, dtype=np.int64)


_READERS: Final[Mapping[str, Callable[[Path, Part], Examples]]] = {
    "tweeteval-sentiment": _published("sentiment", SENTIMENT_LABELS),
    "tweeteval-emotion": _published("emotion", EMOTIONS),
    "tweeteval-offensive": _published("offensive", ("not-offensive", "offensive")),
    "tweeteval-irony": _published("irony", ("non-irony", "irony")),
    "tweeteval-hate": _published("hate", ("not-hate", "hate")),
    "airline": _airline,
    "airline-category": _airline_category,
    "sentiment140": _split(
        "sentiment140/train_100k.parquet", ("negative", "positive"), "sentiment140", SENTIMENT140_VALIDATION_SHARE
    ),
    "entity-sentiment": _entity_sentiment,
    "subj": _split("subj/train.parquet", ("objective", "subjective"), "subj", VALIDATION_SHARE),
}
