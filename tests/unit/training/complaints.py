"""A made-up file of complaints in the columns of the airline corpus."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def complaint(number: int, text: str, reason: str | None, **changed: Any) -> dict[str, Any]:
    """Return a row; its author is named after its number."""
    row = {
        "tweet_id": str(number),
        "name": f"author{number}",
        "text": text,
        "negativereason": reason,
        "negativereason_confidence": 1.0 if reason else None,
    }
    return row | changed


def write_complaints(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write `airline/tweets.parquet` under a folder; return the folder."""
    (folder / "airline").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), folder / "airline" / "tweets.parquet")
    return folder
