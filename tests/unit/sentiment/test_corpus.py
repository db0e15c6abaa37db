"""Reading the corpora and measuring on them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.sentiment.training.corpus import Corpus, hold_out, read_columns
from services.sentiment.training.measures import accuracy, macro_f1, macro_recall


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """The error names the file, the column and what is there."""
    path = tmp_path / "posts.parquet"
    pq.write_table(pa.table({"words": ["a"], "label": [0]}), path)
    with pytest.raises(ValueError, match=r"posts\.parquet has no column 'text'; it has words, label"):
        read_columns(path)


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    """A file without rows is no corpus."""
    path = tmp_path / "posts.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string()), "label": pa.array([], pa.int64())}), path)
    with pytest.raises(ValueError, match="no rows"):
        read_columns(path)


def test_the_held_out_part_is_about_a_tenth_and_apart() -> None:
    """Every text is on one side, the same side each time."""
    texts = [f"text {n}" for n in range(2000)]
    targets = np.arange(2000)
    train, kept = hold_out(texts, targets, "train")
    held, out = hold_out(texts, targets, "val")
    assert sorted([*kept, *out]) == list(range(2000))
    assert not set(train) & set(held)
    assert 120 < len(held) < 280


def test_a_rare_class_weighs_more() -> None:
    """Weights are square-root inverse frequencies with mean one."""
    corpus = Corpus("sentiment", ("a", "b"), [[1]] * 5, np.array([0, 0, 0, 0, 1]))
    weights = corpus.class_weights()
    assert weights[1] / weights[0] == pytest.approx(2)
    assert weights.mean() == pytest.approx(1)


def test_measures_on_an_example_worked_by_hand() -> None:
    """Two of three and one of two right: accuracy 3/5, recalls 2/3 and 1/2, F1 2/3 and 1/2."""
    targets, predicted = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
    assert accuracy(targets, predicted) == pytest.approx(0.6)
    assert macro_recall(targets, predicted) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert macro_f1(targets, predicted) == pytest.approx((2 / 3 + 1 / 2) / 2)
