"""What is exported, and in which form."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SCHEMA_VERSION: Final = 1
"""Of the columns: it grows where one changes its meaning or goes; new columns alone leave it."""
VERSION_COLUMN: Final = "schema_version"
VERSION_KEY: Final = "voxpop_schema_version"
OF_KEY: Final = "voxpop_of"
"""Keys of a Parquet file's metadata."""
FIRST: Final = 0
END: Final = 32_503_680_000
"""From 1970 up to before the year 3000, in Unix seconds: all there is."""


class Of(StrEnum):
    """What a table is of."""

    PROFILES = "profiles"
    POSTS = "posts"
    BUCKETS = "buckets"
    REMOVALS = "removals"


class Form(StrEnum):
    """How a table is written. Parquet holds everything and can be imported; the others are for people."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.JSONL: "application/x-ndjson",
    Form.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class Export:
    """One table of a brand. Of posts and buckets those from `start` up to before `end` (Unix seconds)."""

    brand: str
    of: Of
    form: Form
    start: int = FIRST
    end: int = END

    @property
    def whole(self) -> bool:
        """Tell whether nothing is left out by date."""
        return self.start <= FIRST and self.end >= END

    @property
    def file_name(self) -> str:
        """Return the name under which a browser keeps it."""
        return f"{self.brand}-{self.of}.{self.form}"
