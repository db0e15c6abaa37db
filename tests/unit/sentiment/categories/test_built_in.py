"""Sets that come with a model."""

from pathlib import Path

import pytest

from services.sentiment.categories.category_set import read_built_in
from shared.errors import SettingsError
from tests.unit.sentiment.categories.sets import VERSION, category_set, same


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
