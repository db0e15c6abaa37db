"""The airline example as a category set in a model's folder: `categories/airline.json`, without any post's text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.sentiment.categories.category_set import FOLDER, CategorySet
from services.sentiment.categories.regression import FittedClassifier, train
from services.sentiment.normalisation import normalise
from training.airline import AIRLINE_CATEGORIES, LabelledPost, read_airline_categories
from training.corpora import AIRLINE_PREFIX, VALIDATION_SHARE, fraction
from training.evaluation.served import ServedModel
from training.measures import macro_f1
from training.target_folder import write_whole

NAME: Final = "airline"
_ORIGIN: Final = (
    "Twitter US Airline Sentiment, complaints alone. Six categories from the human negativereason, Extra Charges and "
    "Seating Preferences from complaints whose words name a charge or a seat."
)


@dataclass(frozen=True)
class MadeAirlineSet:
    """The set, where it was written, and the macro F1 (0..1) on `held_out_posts` by authors that no training saw."""

    category_set: CategorySet
    path: Path
    held_out_f1: float
    held_out_posts: int


def make_airline_set(model: Path, data: Path) -> MadeAirlineSet:
    """Learn the airline categories on the embeddings of the model in folder `model`, and write them into it.

    `data` holds `airline/tweets.parquet`. Folds keep an author together. Where the model's own heads were
    trained on the same posts, the cross-validated figure is too good; `held_out_f1` is of a second set, learned
    from the training authors alone and judged on the validation authors, which the heads have not seen either.
    The file is written beside and then renamed. Raises ValueError where the posts or an embedding are
    missing, SettingsError where the model cannot be run.
    """
    if not model.is_dir():
        raise ValueError(f"there is no model folder {model}; give one with model.onnx, tokenizer.json and config.json")
    posts = _once(read_airline_categories(data))
    missing = sorted(set(AIRLINE_CATEGORIES) - {post.label for post in posts})
    if missing:
        raise ValueError(f"tweets.parquet has no complaint of the categories {', '.join(missing)}; give the whole file")
    served = ServedModel.open(str(model))
    embedding = served.card.embedding
    if embedding is None:
        raise ValueError(f"the model in {model} has no embedding to learn categories from; export it with one")
    vectors = served.embed([post.text for post in posts])
    classes = np.array([AIRLINE_CATEGORIES.index(post.label) for post in posts], dtype=np.int64)
    learned = train(vectors, classes, [post.author for post in posts])
    held_out = np.array([fraction(AIRLINE_PREFIX, post.author) < VALIDATION_SHARE for post in posts])
    held_out_f1 = _held_out_f1(vectors, classes, posts, held_out)
    notes = f"{_ORIGIN} Macro F1 on {held_out.sum()} posts by held-out authors: {held_out_f1:.3f}."
    made = _set(learned, classes, embedding.version, notes)
    return MadeAirlineSet(made, _write(made, model), held_out_f1, int(held_out.sum()))


def _once(posts: Sequence[LabelledPost]) -> list[LabelledPost]:
    """Return the posts without those that the model reads like one before: authors alone would not part them."""
    return list({normalise(post.text): post for post in reversed(posts)}.values())[::-1]


def _set(learned: FittedClassifier, classes: NDArray[np.int64], embedding_version: str, notes: str = "") -> CategorySet:
    counts = np.bincount(classes, minlength=len(AIRLINE_CATEGORIES)).tolist()
    by_label = dict(zip(AIRLINE_CATEGORIES, counts, strict=True))
    return learned.called(NAME, by_label, embedding_version, datetime.now(UTC), notes).at_version(1)


def _held_out_f1(
    vectors: NDArray[np.float32], classes: NDArray[np.int64], posts: Sequence[LabelledPost], held_out: NDArray[np.bool_]
) -> float:
    kept = np.flatnonzero(~held_out)
    if not held_out.any() or len(np.unique(classes[kept])) < len(AIRLINE_CATEGORIES):
        raise ValueError("tweets.parquet has too few authors to hold some out; give the whole file")
    learned = train(vectors[kept], classes[kept], [posts[int(row)].author for row in kept])
    shares = _set(learned, classes[kept], "").classify(vectors[held_out])
    return macro_f1(classes[held_out], shares.argmax(axis=1))


def _write(made: CategorySet, model: Path) -> Path:
    path = model / FOLDER / f"{NAME}.json"
    path.parent.mkdir(exist_ok=True)
    write_whole(path, made.to_json() + "\n")
    return path
