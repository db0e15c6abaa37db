"""Reading any labelled file, and what is said of one that cannot be measured on."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.evaluation.corpora import write_parquet
from training.evaluation.labelled_file import Columns, Labels, parse_names, read_file

KNOWN = ("negative", "neutral", "positive")
LABELS = Labels(KNOWN, {})


def csv(folder: Path, content: str) -> Path:
    """Write a CSV file."""
    path = folder / "posts.csv"
    path.write_text(content, "utf-8")
    return path


@pytest.mark.parametrize("values", [["negative", "positive"], ["Negative", "POSITIVE"], [0, 2], [0.0, 2.0], ["0", "2"]])
def test_labels_are_names_in_any_case_or_class_numbers(tmp_path: Path, values: list[Any]) -> None:
    """All of these mean negative and positive."""
    path = write_parquet(tmp_path / "posts.parquet", {"text": ["a", "b"], "label": values})
    examples = read_file(path, Columns(), LABELS).examples
    assert list(examples.classes) == [0, 2]
    assert examples.labels == KNOWN


def test_class_numbers_with_a_point_in_a_csv_are_whole(tmp_path: Path) -> None:
    """So pandas writes a column that once held a gap."""
    path = csv(tmp_path, "text,label\na,0.0\nb,2.0\n")
    assert list(read_file(path, Columns(), LABELS).examples.classes) == [0, 2]


def test_a_header_that_is_not_utf8_is_said_in_a_sentence(tmp_path: Path) -> None:
    """As spreadsheets on Windows write one."""
    path = tmp_path / "posts.csv"
    path.write_bytes("text,lábel\na,0\n".encode("latin-1"))
    with pytest.raises(ValueError, match="no CSV in UTF-8"):
        read_file(path, Columns(), LABELS)


def test_one_column_cannot_be_two_things(tmp_path: Path) -> None:
    """A text is not its own label."""
    path = csv(tmp_path, "text,label\na,0\n")
    with pytest.raises(ValueError, match="name each column once"):
        read_file(path, Columns("label", "label"), LABELS)


def test_a_csv_is_read_by_the_columns_that_are_named(tmp_path: Path) -> None:
    """Quotes, line breaks in a text, and columns of other kinds beside are no trouble; a target comes along."""
    path = csv(tmp_path, 'id,post,mood,about\n1,"fine, really\nfine",2,food\nx,"say ""no""",0,crew\n')
    found = read_file(path, Columns("post", "mood", "about"), LABELS)
    assert found.examples.texts == ["fine, really\nfine", 'say "no"']
    assert found.examples.targets == ["food", "crew"]
    assert list(found.examples.classes) == [2, 0]


def test_line_breaks_in_texts_part_no_rows_in_a_large_file(tmp_path: Path) -> None:
    """A file of several of the reader's blocks, every text over lines of its own."""
    text = "\n".join(["a line"] * 20)
    path = csv(tmp_path, "text,label\n" + "".join(f'"{text}",{row % 2}\n' for row in range(20_000)))
    assert read_file(path, Columns(), LABELS).examples.texts == [text] * 20_000


def test_values_are_mapped_before_anything_else(tmp_path: Path) -> None:
    """What the user maps wins over class numbers, and several values may mean one label."""
    path = csv(tmp_path, "text,label\na,0\nb,4\nc,happy\n")
    labels = Labels(KNOWN, parse_names("0=positive, 4=negative,happy=Positive", KNOWN))
    assert list(read_file(path, Columns(), labels).examples.classes) == [2, 0, 2]


def test_stars_number_five_classes_of_three_labels(tmp_path: Path) -> None:
    """Where the model has five classes for three sentiments, 4 is the fifth of them."""
    path = csv(tmp_path, "text,label\na,0\nb,4\n")
    stars = Labels(("negative", "negative", "neutral", "positive", "positive"), {})
    examples = read_file(path, Columns(), stars).examples
    assert [examples.labels[c] for c in examples.classes] == ["negative", "positive"]


def test_numbers_mean_nothing_where_models_number_differently(tmp_path: Path) -> None:
    """Compared models that disagree on the numbers need names."""
    with pytest.raises(ValueError, match="the label '0'"):
        read_file(csv(tmp_path, "text,label\na,0\nb,1\n"), Columns(), Labels(KNOWN, {}, numbers=False))


def test_rows_without_text_are_left_out_and_counted(tmp_path: Path) -> None:
    """A blank or missing text has no label worth measuring, whatever stands there."""
    path = write_parquet(
        tmp_path / "p.parquet", {"text": ["a", " ", None, "b"], "label": ["negative", "?", "?", "neutral"]}
    )
    found = read_file(path, Columns(), LABELS)
    assert (found.examples.texts, found.blank) == (["a", "b"], 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("words,label\na,0\n", r"^posts\.csv has no column 'text'; it has words, label$"),
        ("text,text,label\na,b,0\n", "more than one column 'text'"),
        ("text,label\n", r"^posts\.csv has no rows$"),
        ("", r"^posts\.csv has no rows$"),
        (
            "text,label\na,0\nb,cheerful\n",
            r"^posts\.csv: row 2 has the label 'cheerful'; known are negative, neutral, pos",
        ),
        ("text,label\na,0\nb,3\n", "row 2 has the label '3'"),
        ("text,label\na,0\nb,\n", "row 2 has no label"),
        ("text,label\na,0\nb,-1\n", "row 2 has the label '-1'"),
        ("text,label\na,1\nb,neutral\n", "every row has the label 'neutral'; measuring needs at least two"),
        ("text,label\n ,1\n", "every row of the column 'text' is blank"),
        ("text,label\na,1\nsecret,words,2\n", "record 3 has another number of fields"),
    ],
)
def test_a_csv_that_cannot_be_measured_on_is_refused_in_one_sentence(
    tmp_path: Path, content: str, message: str
) -> None:
    """What is wrong is said with the file and the row, and without the row's text."""
    with pytest.raises(ValueError, match=message) as raised:
        read_file(csv(tmp_path, content), Columns(), LABELS)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A missing file, another ending, a damaged Parquet, bytes that are no UTF-8: each is named."""
    with pytest.raises(ValueError, match="there is no file"):
        read_file(tmp_path / "none.csv", Columns(), LABELS)
    other = tmp_path / "posts.xlsx"
    other.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"neither \.parquet nor \.csv"):
        read_file(other, Columns(), LABELS)
    damaged = tmp_path / "posts.parquet"
    damaged.write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match="damaged or no Parquet file"):
        read_file(damaged, Columns(), LABELS)
    latin = tmp_path / "latin.csv"
    latin.write_bytes("text,label\ncafé,0\n".encode("latin-1"))
    with pytest.raises(ValueError, match="no CSV in UTF-8"):
        read_file(latin, Columns(), LABELS)


def test_a_column_of_numbers_is_no_text(tmp_path: Path) -> None:
    """A text column that holds numbers is a mistake in the command, not a text."""
    path = write_parquet(tmp_path / "p.parquet", {"text": [1, 2], "label": ["negative", "neutral"]})
    with pytest.raises(ValueError, match="the column 'text' holds no text in row 1"):
        read_file(path, Columns(), LABELS)


@pytest.mark.parametrize("argument", ["0", "0=", "=negative", "0=cheerful", "0=negative,1:neutral"])
def test_a_mapping_of_another_form_is_refused(argument: str) -> None:
    """The part that is wrong is named with the labels there are."""
    with pytest.raises(ValueError, match="is not VALUE=LABEL with one of the labels negative, neutral, positive"):
        parse_names(argument, KNOWN)
    assert parse_names("", KNOWN) == {}
