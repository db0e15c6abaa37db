"""Reading the labelled corpora."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.corpora import fraction, read_columns, read_examples


def _write(path: Path, **columns: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """The error names the file, the column and what is there."""
    path = tmp_path / "posts.parquet"
    _write(path, words=["a"], label=[0])
    with pytest.raises(ValueError, match=r"posts\.parquet has no column 'text'; it has words, label"):
        read_columns(path, ["text", "label"])


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    """A file without rows is no corpus."""
    path = tmp_path / "posts.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    with pytest.raises(ValueError, match=r"posts\.parquet has no rows"):
        read_columns(path, ["text"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which file the recipe wants."""
    with pytest.raises(ValueError, match=r"sentiment_train\.parquet is missing"):
        read_examples("tweeteval-sentiment", tmp_path, "train")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """Bytes that are no Parquet are an error of one sentence."""
    path = tmp_path / "tweeteval/irony_val.parquet"
    path.parent.mkdir()
    path.write_bytes(b"PAR1 cut")
    with pytest.raises(ValueError, match=r"irony_val\.parquet is damaged or no Parquet file"):
        read_examples("tweeteval-irony", tmp_path, "val")


def test_an_unknown_corpus_is_refused_with_those_there_are(tmp_path: Path) -> None:
    """A misspelt name in a recipe finds its remedy."""
    with pytest.raises(ValueError, match="there is no corpus 'tweets'; there are airline, "):
        read_examples("tweets", tmp_path, "train")


def test_an_unknown_label_is_named_with_its_row(tmp_path: Path) -> None:
    """A label outside the published ones is an error, not a new class."""
    _write(tmp_path / "tweeteval/irony_train.parquet", text=["a", "b"], label=[0, 7])
    with pytest.raises(ValueError, match="row 2 has the label 7; known are 0 non-irony, 1 irony"):
        read_examples("tweeteval-irony", tmp_path, "train")


def test_one_class_alone_is_refused(tmp_path: Path) -> None:
    """Nothing can be told apart by what has one class only."""
    _write(tmp_path / "tweeteval/irony_train.parquet", text=["a", "b"], label=[1, 1])
    with pytest.raises(ValueError, match="2 rows of one class only"):
        read_examples("tweeteval-irony", tmp_path, "train")


def test_paraphrases_of_one_tweet_are_never_on_both_sides(tmp_path: Path) -> None:
    """The parts of entity-sentiment are split by id; Irrelevant counts as neutral, blanks and repeats are left out."""
    ids = [str(n // 3) for n in range(300)]
    names = ["Positive", "Irrelevant", "Negative"] * 100
    texts = [f"variant {n}" if n % 50 else " " for n in range(300)]
    _write(
        tmp_path / "entity_sentiment/training.parquet",
        id=ids * 2,
        entity=["Acme"] * 600,
        sentiment=names * 2,
        content=texts * 2,
    )
    parts = {part: read_examples("entity-sentiment", tmp_path, part) for part in ("train", "val")}
    rows = {part: {int(text.split()[1]) // 3 for text in examples.texts} for part, examples in parts.items()}
    assert rows["train"].isdisjoint(rows["val"])
    assert sum(len(examples.texts) for examples in parts.values()) == 294
    assert set(parts["train"].classes) == {0, 1, 2}
    assert parts["train"].targets == ["Acme"] * len(parts["train"].texts)


def test_an_author_is_never_on_both_sides(tmp_path: Path) -> None:
    """Airline posts are split by author, about a tenth of them held out."""
    authors = [f"author {n // 4}" for n in range(800)]
    _write(
        tmp_path / "airline/tweets.parquet",
        text=[f"{author} writes" for author in authors],
        airline_sentiment=["negative", "neutral", "positive", "negative"] * 200,
        name=authors,
        airline=["Acme Air"] * 800,
    )
    train, val = (read_examples("airline", tmp_path, part) for part in ("train", "val"))
    assert set(train.texts).isdisjoint(val.texts)
    assert 0.04 < len(val.texts) / 800 < 0.2


def test_emoticons_know_two_of_the_three_classes(tmp_path: Path) -> None:
    """Sentiment140 knows negative and positive, and no neutral."""
    _write(tmp_path / "sentiment140/train_100k.parquet", text=[f"text {n}" for n in range(400)], label=[0, 1] * 200)
    examples = read_examples("sentiment140", tmp_path, "train")
    assert examples.labels == ("negative", "positive")
    assert set(np.unique(examples.classes)) == {0, 1}


def test_a_key_always_falls_on_the_same_side() -> None:
    """The share of a key does not depend on the run, and keys spread evenly."""
    assert fraction("subj", "a text") == fraction("subj", "a text")
    assert 0.08 < np.mean([fraction("subj", str(n)) < 0.1 for n in range(3000)]) < 0.12
