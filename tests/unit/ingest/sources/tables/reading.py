"""Reads the bytes of a file as `voxpop ingest` does."""

import io

from services.ingest.sources.file import open_file
from services.ingest.sources.rows import Row

MAP = {"post_id": "id", "author_id": "user", "created_at": "date"}
BY_NUMBER = {"post_id": "1", "author_id": "2", "text": "3", "created_at": "4"}
HEADER = "id,user,text,date\n"


def rows_of(
    content: bytes, mapping: dict[str, str] | None = None, *, has_header: bool = True, encoding: str | None = None
) -> list[Row]:
    """Return the rows of a file on standard input."""
    chosen = MAP if mapping is None else mapping
    with open_file("-", chosen, "x", io.BytesIO(content), has_header=has_header, encoding=encoding) as source:
        return list(source.rows)


def notes_of(content: bytes) -> list[str]:
    """Return what a person is told of a file that was read."""
    with open_file("-", MAP, "x", io.BytesIO(content)) as source:
        assert list(source.rows)
        return list(source.notes())


def texts_of(rows: list[Row]) -> list[str | None]:
    """Return each row's text, None where the row is refused."""
    return [row.post["text"] if row.post else None for row in rows]
