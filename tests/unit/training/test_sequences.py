"""Reading the corpora of tagged words."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.sequences import ENTITY_LABELS, read_sequences


def _write(path: Path, tokens: list[list[str]], tags: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"tokens": tokens, "tags": tags}), path)


def test_tags_of_every_corpus_become_ours(tmp_path: Path) -> None:
    """Corporations and groups are organisations, creative works works; types without a place here teach nothing."""
    _write(tmp_path / "ner/wnut17_train.parquet", [["a", "b", "c"]], [["B-corporation", "I-corporation", "B-group"]])
    _write(tmp_path / "ner/btc_dev.parquet", [["a", "b"]], [["B-PER", "O"]])
    _write(tmp_path / "ner/tweebank_ner_train.parquet", [["a"]], [["B-MISC"]])
    assert read_sequences("wnut17", tmp_path, "train").tags == [["B-organisation", "I-organisation", "B-organisation"]]
    assert read_sequences("btc", tmp_path, "val").tags == [["B-person", "O"]]
    assert read_sequences("btc", tmp_path, "val").types == {"person", "location", "organisation"}
    assert read_sequences("tweebank", tmp_path, "train").tags == [["?"]]


def test_labels_are_outside_and_a_begin_and_an_inside_for_each_type() -> None:
    """The numbers of the head's classes are fixed by their order."""
    assert ENTITY_LABELS[:3] == ("O", "B-person", "I-person")
    assert len(ENTITY_LABELS) == 11


def test_an_unknown_tag_is_named_with_its_row(tmp_path: Path) -> None:
    """A tag that is not mapped is an error, not silence."""
    _write(tmp_path / "ner/wnut17_train.parquet", [["a"], ["b"]], [["O"], ["B-planet"]])
    with pytest.raises(ValueError, match="row 2 has the tag 'B-planet'; known are O, and B- or I- person"):
        read_sequences("wnut17", tmp_path, "train")


def test_tokens_and_tags_of_other_lengths_are_refused(tmp_path: Path) -> None:
    """A row that slipped would teach every word its neighbour's tag."""
    _write(tmp_path / "ner/wnut17_train.parquet", [["a", "b"]], [["O"]])
    with pytest.raises(ValueError, match="row 1 has 2 tokens but 1 tags"):
        read_sequences("wnut17", tmp_path, "train")


def test_an_unknown_corpus_is_refused_with_those_there_are(tmp_path: Path) -> None:
    """A misspelt name finds its remedy."""
    with pytest.raises(ValueError, match="there are btc, tweebank, wnut17"):
        read_sequences("conll", tmp_path, "train")
