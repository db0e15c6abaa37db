"""A recipe's corpora made ready: what is learnt in which order, and what is held out to measure it."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.sentiment.tokenizer import Tokenizer, Tokens
from training.corpora import (
    AIRLINE_PREFIX,
    SENTIMENT140_VALIDATION_SHARE,
    VALIDATION_SHARE,
    Part,
    encode,
    fraction,
    read_columns,
    read_examples,
)
from training.multi_task_network import EMBEDDING, ENTITIES, MASKED
from training.recipe import Recipe
from training.sequences import read_sequences
from training.tasks import (
    ClassificationTask,
    DistillationTask,
    MaskingTask,
    TaggingTask,
    Task,
    Teacher,
    encode_sequences,
)

TARGETED: Final = "target_sentiment"


@dataclass(frozen=True)
class _Texts:
    """A file of texts without answers; a share is held out by a column's value, as `corpora` holds it out."""

    file: str
    key: str
    prefix: str
    share: float


TEXTS: Final[Mapping[str, _Texts]] = {
    "twitter-accounts": _Texts("authors/twitter_accounts.parquet", "author", "texts", VALIDATION_SHARE),
    "airline-texts": _Texts("airline/tweets.parquet", "name", AIRLINE_PREFIX, VALIDATION_SHARE),
    "tweeteval-texts": _Texts("tweeteval/sentiment_train.parquet", "text", "texts", VALIDATION_SHARE),
    "sentiment140-texts": _Texts(
        "sentiment140/train_100k.parquet", "text", "sentiment140", SENTIMENT140_VALIDATION_SHARE
    ),
}
"""Texts for the embedding and for hidden words."""

_BUCKETS = 50


@dataclass(frozen=True)
class Batch:
    """Rows of one task that are learnt in one step."""

    task: Task
    rows: Sequence[int]


def prepare(recipe: Recipe, folder: Path, tokenizer: Tokenizer, part: Part, teacher: Teacher) -> dict[str, Task]:
    """Return the task of every corpus that the recipe's stages take, by the corpus's name.

    Raises ValueError where a file does not fit, or a corpus has classes that its head does not have.
    """
    tasks: dict[str, Task] = {}
    for head, corpora in recipe.heads().items():
        if head == ENTITIES:
            for corpus in corpora:
                sequences = read_sequences(corpus, folder, part)
                tasks[corpus] = TaggingTask(corpus, sequences, *encode_sequences(tokenizer, sequences))
        elif head in (EMBEDDING, MASKED):
            for corpus in corpora:
                rows = encode(tokenizer, _texts(corpus, folder, part))
                tasks[corpus] = (
                    DistillationTask(corpus, rows, teacher) if head == EMBEDDING else MaskingTask(corpus, rows)
                )
        else:
            tasks |= _classification_tasks(recipe, head, corpora, folder, tokenizer, part)
    return tasks


def _classification_tasks(
    recipe: Recipe, head: str, corpora: Sequence[str], folder: Path, tokenizer: Tokenizer, part: Part
) -> dict[str, Task]:
    read = {corpus: read_examples(corpus, folder, part) for corpus in corpora}
    labels = max((examples.labels for examples in read.values()), key=len)
    tasks: dict[str, Task] = {}
    for corpus, examples in read.items():
        if not set(examples.labels) <= set(labels):
            raise ValueError(
                f"the head '{head}' has the classes {', '.join(labels)}, "
                f"but '{corpus}' has {', '.join(examples.labels)}"
            )
        rows = encode(tokenizer, examples.texts, examples.targets if head == TARGETED else None)
        smoothing = recipe.optimisation.label_smoothing
        tasks[corpus] = ClassificationTask(corpus, recipe.corpora[corpus], labels, examples, rows, smoothing)
    return tasks


def plan(recipe: Recipe, tasks: Mapping[str, Task]) -> list[Batch]:
    """Return every step of the training in order: always the same for a recipe and its corpora."""
    shuffle = random.Random(recipe.seed)
    steps: list[Batch] = []
    for stage in recipe.stages:
        batches = [
            Batch(tasks[corpus], rows)
            for corpus, passes in stage.passes.items()
            for rows in _bucketed(tasks[corpus], passes, recipe.optimisation.batch, shuffle)
        ]
        shuffle.shuffle(batches)
        steps += batches
    return steps


def _bucketed(task: Task, passes: float, size: int, shuffle: random.Random) -> Iterator[list[int]]:
    """Yield batches of rows of about one length, in random order: little padding, fair order."""
    while passes > 0:
        rows = list(range(len(task.rows)))
        shuffle.shuffle(rows)
        rows = rows[: max(size, round(len(rows) * min(1.0, passes)))]
        yield from length_buckets(rows, task.rows, size)
        passes = round(passes - 1, 6)


def length_buckets(order: Sequence[int], rows: Sequence[Tokens], size: int) -> Iterator[list[int]]:
    """Yield batches of `size` row numbers: each 50 batches along `order` are sorted by the length of their rows."""
    for start in range(0, len(order), size * _BUCKETS):
        bucket = sorted(order[start : start + size * _BUCKETS], key=lambda row: len(rows[row]))
        yield from (bucket[i : i + size] for i in range(0, len(bucket), size))


def _texts(corpus: str, folder: Path, part: Part) -> list[str]:
    if corpus not in TEXTS:
        raise ValueError(f"there are no texts '{corpus}'; there are {', '.join(sorted(TEXTS))}")
    source = TEXTS[corpus]
    columns = read_columns(folder / source.file, dict.fromkeys(["text", source.key]))
    texts = [
        text
        for text, key in zip(columns["text"], columns[source.key], strict=True)
        if (fraction(source.prefix, str(key)) < source.share) == (part == "val") and text and text.strip()
    ]
    if not texts:
        raise ValueError(f"the {part} part of '{corpus}' in {source.file} has no rows")
    return texts
