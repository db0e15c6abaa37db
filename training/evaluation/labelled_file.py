"""Any Parquet or CSV file with a column of texts and one of labels."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from training.corpora import Examples

_ROW: Final = re.compile(r"Row #(\d+)")
_WHOLE: Final = re.compile(r"\d+\.0+")
"""A class number as pandas writes it where a column once held a gap."""
_ONE_BY_ONE: Final = pa_csv.ReadOptions(use_threads=False)
"""In one thread the reader knows the number of a damaged row."""
_ANY_TEXT: Final = pa_csv.ParseOptions(newlines_in_values=True)


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read; `target` is what each text is about, where the file says so."""

    text: str = "text"
    label: str = "label"
    target: str | None = None

    def names(self) -> list[str]:
        """Return those that are wanted."""
        return [name for name in (self.text, self.label, self.target) if name is not None]


@dataclass(frozen=True)
class Labels:
    """How values become labels: `known` in the order of the head's numbers, `named` what the user mapped.

    `numbers` is False where models that are compared number their classes differently: then a number
    means nothing by itself. A label may stand for several numbers, as in a classifier of stars.
    """

    known: tuple[str, ...]
    named: Mapping[str, str]
    numbers: bool = True

    def distinct(self) -> tuple[str, ...]:
        """Return each label once."""
        return tuple(dict.fromkeys(self.known))

    def find(self, value: str) -> str | None:
        """Return the label of a value; None where it is unknown."""
        if value in self.named:
            return self.named[value]
        if self.numbers and value.isdecimal() and int(value) < len(self.known):
            return self.known[int(value)]
        return next((label for label in self.known if label.lower() == value.lower()), None)


@dataclass(frozen=True)
class LabelledFile:
    """The examples of a file; `blank` rows without text were left out."""

    name: str
    examples: Examples
    blank: int


def parse_names(argument: str, known: Sequence[str]) -> dict[str, str]:
    """Return the mapping in `VALUE=LABEL,VALUE=LABEL`; empty for an empty argument.

    Raises ValueError for a part of another form or a label that the head does not have.
    """
    lowered = {label.lower(): label for label in known}
    names: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in argument.split(","))):
        value, equals, label = (piece.strip() for piece in part.partition("="))
        if not equals or not value or label.lower() not in lowered:
            raise ValueError(f"--labels: '{part}' is not VALUE=LABEL with one of the labels {', '.join(known)}")
        names[value] = lowered[label.lower()]
    return names


def read_file(path: Path, columns: Columns, labels: Labels) -> LabelledFile:
    """Read the labelled texts of a file, which ends in .parquet, .csv or .csv.gz.

    Raises ValueError in one sentence: the file or a column is missing or damaged, no row is there, a
    label is unknown (with its row, counted from 1 without the header), or all rows have the same label.
    """
    table = _read(path, columns)
    if not table.num_rows:
        raise ValueError(f"{path.name} has no rows")
    texts = _texts(path, columns.text, table[columns.text].to_pylist())
    targets = _texts(path, columns.target, table[columns.target].to_pylist()) if columns.target else None
    kept = [row for row, text in enumerate(texts) if text.strip()]
    if not kept:
        raise ValueError(f"{path.name}: every row of the column '{columns.text}' is blank")
    distinct = labels.distinct()
    values = table[columns.label].to_pylist()
    classes = np.array([distinct.index(_label(path, row, values[row], labels)) for row in kept], dtype=np.int64)
    if len(np.unique(classes)) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise ValueError(
            f"{path.name}: every row has the label '{distinct[classes[0]]}'; measuring needs at least two labels"
        )
    examples = Examples(
        [texts[row] for row in kept], classes, distinct, None if targets is None else [targets[row] for row in kept]
    )
    return LabelledFile(path.name, examples, table.num_rows - len(kept))


def _read(path: Path, columns: Columns) -> Any:
    if len(set(columns.names())) < len(columns.names()):
        raise ValueError("texts, labels and targets stand in columns of their own; name each column once")
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    is_csv = path.name.endswith((".csv", ".csv.gz"))
    if not is_csv and path.suffix != ".parquet":
        raise ValueError(f"{path.name} is neither .parquet nor .csv: name the file by what it is")
    try:
        present = pa_csv.open_csv(path, _ONE_BY_ONE, _ANY_TEXT).schema.names if is_csv else pq.read_schema(path).names
        for column in columns.names():
            if present.count(column) != 1:
                problem = "has no column" if column not in present else "has more than one column"
                raise ValueError(f"{path.name} {problem} '{column}'; it has {', '.join(present)}")
        if not is_csv:
            return pq.read_table(path, columns=columns.names())
        wanted = pa_csv.ConvertOptions(
            include_columns=columns.names(), column_types=dict.fromkeys(columns.names(), pa.string())
        )
        return pa_csv.read_csv(path, _ONE_BY_ONE, _ANY_TEXT, wanted)
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is no CSV in UTF-8 with a header") from None
    except (pa.ArrowException, OSError) as error:
        raise ValueError(_damage(path, str(error), is_csv=is_csv)) from None


def _damage(path: Path, message: str, *, is_csv: bool) -> str:
    """Return what is wrong without the library's words, which quote the row."""
    if not is_csv:
        return f"{path.name} is damaged or no Parquet file"
    if "Empty CSV" in message:
        return f"{path.name} has no rows"
    row = _ROW.search(message)
    if row and "UTF8" not in message:
        return f"{path.name}: record {row[1]} has another number of fields than the header"
    return f"{path.name} is no CSV in UTF-8 with a header"


def _texts(path: Path, column: str, values: Sequence[Any]) -> list[str]:
    wrong = next((row for row, value in enumerate(values) if not isinstance(value, str | None)), None)
    if wrong is not None:
        raise ValueError(f"{path.name}: the column '{column}' holds no text in row {wrong + 1}")
    return [value or "" for value in values]


def _label(path: Path, row: int, value: Any, labels: Labels) -> str:
    plain = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if _WHOLE.fullmatch(plain):
        plain = plain.partition(".")[0]
    found = None if value is None else labels.find(plain)
    if found is None:
        shown = "no label" if value is None or not plain else f"the label '{plain[:40]}'"
        known = ", ".join(labels.distinct())
        raise ValueError(
            f"{path.name}: row {row + 1} has {shown}; known are {known}: map others with --labels VALUE=LABEL"
        )
    return found
