"""How a CSV file is written, told from its beginning."""

import io
import re
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Final

from services.ingest.sources.tables.csv_records import CsvForm, CsvRecord, CsvRecords

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_LOOKED_AT: Final = 50
_SAID: Final = re.compile(r'"?sep=([^"\r\n])"?\r?\n?')
"""The first line by which Excel is told what parts cells."""


def said_separator(first_line: str) -> str | None:
    """Return the separator that a first line for Excel names, None where it is a line like any other."""
    found = _SAID.fullmatch(first_line)
    return found[1] if found else None


def csv_form(sample: str, wanted: Collection[str]) -> CsvForm:
    """Return the form in which a file that begins with `sample` has the most of the `wanted` names of columns.

    Where no form has any, it is the one whose records agree best in their number of cells. `sample` may end
    anywhere: its last record does not count where others are there.
    """
    forms = [
        CsvForm(separator, escapes=escapes, blanks=f'{separator} "' in sample)
        for escapes in ((False, True) if '\\"' in sample else (False,))
        for separator in SEPARATORS
    ]
    return max(forms, key=lambda form: _score(sample, form, wanted))


def _score(sample: str, form: CsvForm, wanted: Collection[str]) -> tuple[int, bool, int, int]:
    records = list(islice(CsvRecords(io.StringIO(sample, newline=""), form), _LOOKED_AT))
    if len(records) > 1:
        records.pop()
    width = len(records[0].cells) if records else 0
    named = len({name.strip() for name in records[0].cells} & set(wanted)) if records else 0
    return named, width > 1, _agreeing(records, width), width


def _agreeing(records: Sequence[CsvRecord], width: int) -> int:
    return sum(len(record.cells) == width and not record.fault for record in records)
