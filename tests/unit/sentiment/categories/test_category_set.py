"""A set classifies, and is written down and read back exactly."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from services.sentiment.categories.category_set import CategorySet, UnreadableSetError, read_built_in
from shared.errors import SettingsError
from tests.unit.sentiment.categories.sets import VERSION, category_set, same

VECTORS = arrays.arrays(np.float32, (4, 3), elements=st.floats(-100, 100, width=32))


@given(VECTORS)
def test_probabilities_are_a_softmax_of_vectors_of_length_one(vectors: Any) -> None:
    """Each text has probabilities that sum to 1, and a vector's length changes nothing."""
    found = category_set().classify(vectors)
    assert found.shape == (4, 2)
    assert found.sum(axis=1) == pytest.approx(1)
    assert category_set().classify(vectors * np.float32(3)) == pytest.approx(found, abs=1e-5)


def test_probabilities_are_those_of_the_formula() -> None:
    """The logits are coefficients times the unit vector plus intercepts."""
    found = category_set().classify(np.array([[0, 0, 2]], dtype=np.float32))[0]
    logits = np.array([-2.0 + 0.25, 2.5 - 0.125])
    assert found == pytest.approx(np.exp(logits) / np.exp(logits).sum())


def test_no_texts_have_no_probabilities() -> None:
    """An empty batch is answered by an empty array."""
    assert category_set().classify(np.zeros((0, 3), dtype=np.float32)).shape == (0, 2)


@given(arrays.arrays(np.float32, (2, 5), elements=st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_a_set_is_read_back_exactly(coefficients: Any) -> None:
    """Whatever the numbers, JSON gives the same set again, to the last bit."""
    written = category_set(coefficients=coefficients, version=7)
    read = CategorySet.from_json(written.to_json())
    assert same(read, written)
    assert read.version == 7
    assert read.coefficients.tobytes() == coefficients.tobytes()


DAMAGE: list[tuple[str, Any]] = [
    ("voxpop_schema", 2),
    ("labels", ["bags"]),
    ("labels", ["bags", "bags"]),
    ("labels", ["bags", ""]),
    ("counts", [9]),
    ("counts", [9, -1]),
    ("coefficients", "AAAA"),
    ("coefficients", "not base64!"),
    ("intercepts", "AADAfwAAwH8="),
    ("macro_f1", 1.5),
    ("folds", "5"),
    ("created_at", "yesterday"),
    ("name", "Not A Slug"),
    ("more", 1),
]


@pytest.mark.parametrize(("field", "value"), DAMAGE)
def test_a_damaged_set_is_refused_in_a_sentence(field: str, value: Any) -> None:
    """A field that is wrong, or unknown, is an UnreadableSetError of one line."""
    content = json.loads(category_set().to_json()) | {field: value}
    with pytest.raises(UnreadableSetError, match=r"^no category set") as caught:
        CategorySet.from_json(json.dumps(content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"voxpop_schema": 1', b"\xff\x00"])
def test_what_is_no_set_at_all_is_refused(text: str | bytes) -> None:
    """Truncated or foreign content is an UnreadableSetError."""
    with pytest.raises(UnreadableSetError):
        CategorySet.from_json(text)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """Return the folder of sets in a model's folder."""
    (tmp_path / "categories").mkdir()
    return tmp_path / "categories"


def test_a_model_without_sets_has_none(tmp_path: Path) -> None:
    """No folder is no error."""
    assert read_built_in(tmp_path, VERSION) == {}


def test_sets_are_read_by_name(sets: Path) -> None:
    """Each file is a set of its name."""
    for name in ("airline", "ships"):
        (sets / f"{name}.json").write_text(category_set(name).to_json())
    found = read_built_in(sets.parent, VERSION)
    assert list(found) == ["airline", "ships"]
    assert same(found["ships"], category_set("ships"))


@pytest.mark.parametrize("version", ["other-2", None])
def test_sets_of_another_embedding_are_left_out(sets: Path, version: str | None) -> None:
    """With EMBEDDING_MODEL, or without an embedding, a set that was made with the model's own is not served."""
    (sets / "airline.json").write_text(category_set().to_json())
    assert read_built_in(sets.parent, version) == {}


@pytest.mark.parametrize("content", ["", "{}", category_set().to_json()[:200]])
def test_a_damaged_file_is_named(sets: Path, content: str) -> None:
    """The start is refused with the file and the remedy."""
    (sets / "airline.json").write_text(content)
    with pytest.raises(SettingsError, match=r"airline\.json: no category set.*make the file again, or remove it"):
        read_built_in(sets.parent, VERSION)


def test_a_file_bears_its_sets_name(sets: Path) -> None:
    """A file under another name than its set's is refused."""
    (sets / "trains.json").write_text(category_set().to_json())
    with pytest.raises(SettingsError, match="holds the category set 'airline'"):
        read_built_in(sets.parent, VERSION)
