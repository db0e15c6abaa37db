"""The airline example as a category set in a model's folder."""

from pathlib import Path

import pytest

from services.sentiment.categories.category_set import read_built_in
from tests.unit.sentiment.categories import model
from tests.unit.sentiment.categories.sets import same
from tests.unit.training.complaints import complaint, write_complaints
from training.airline import AIRLINE_CATEGORIES
from training.airline_set import make_airline_set

TEXTS = {
    "my bag is lost": "Lost Luggage",
    "hours of delay": "Late Flight",
    "give me a plane": "Cancelled Flight",
    "my hours": "Bad Flight",
    "a fee of hours": "Can't Tell",
    "give me a window seat": "Bad Flight",
    "a site is lost": "Flight Booking Problems",
    "is a miles": "Flight Booking Problems",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with thirty complaints of each category."""
    rows = [
        complaint(30 * place + number, f"{text} said {'said ' * number}", reason)
        for place, (text, reason) in enumerate(TEXTS.items())
        for number in range(30)
    ]
    return write_complaints(tmp_path / "data", rows)


def test_the_set_is_written_where_the_service_finds_it(tmp_path: Path, data: Path) -> None:
    """The service reads what was made, with eight labels, figures of both kinds, and none of the texts."""
    folder = model.write_model(tmp_path / "words")
    made = make_airline_set(folder, data)
    assert same(read_built_in(folder, model.VERSION)["airline"], made.category_set)
    assert made.category_set.labels == AIRLINE_CATEGORIES
    assert made.category_set.counts == (30,) * 8
    assert made.category_set.folds == 5
    assert 0 < made.held_out_f1 <= 1
    assert 0 < made.held_out_posts < 240
    written = made.path.read_text()
    assert not any(text in written for text in TEXTS)
    assert "author" not in written.replace("held-out authors", "")
    assert [path.name for path in made.path.parent.iterdir()] == ["airline.json"]


def test_a_model_without_an_embedding_is_refused(tmp_path: Path, data: Path) -> None:
    """The sentence says so, and nothing is written."""
    folder = model.write_model(tmp_path / "words", embedding=False)
    with pytest.raises(ValueError, match="no embedding"):
        make_airline_set(folder, data)
    assert not (folder / "categories").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, data: Path) -> None:
    """A hub id or a misspelt path is refused: the set belongs into a folder."""
    with pytest.raises(ValueError, match="there is no model folder"):
        make_airline_set(tmp_path / "words", data)


def test_a_file_that_lacks_categories_is_refused(tmp_path: Path) -> None:
    """A part of the corpus makes no set of eight; what an earlier call wrote stays."""
    folder = model.write_model(tmp_path / "words")
    (folder / "categories").mkdir()
    (folder / "categories" / "airline.json").write_text("earlier")
    part = write_complaints(tmp_path / "part", [complaint(1, "no bag", "Lost Luggage")])
    with pytest.raises(ValueError, match="no complaint of the categories Customer Experience"):
        make_airline_set(folder, part)
    assert (folder / "categories" / "airline.json").read_text() == "earlier"
