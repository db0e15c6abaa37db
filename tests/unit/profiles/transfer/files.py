"""Files of backups, written and read as exports and imports do it."""

import io
from collections.abc import Sequence
from typing import Any

from services.profiles.stores.base import ProfileStore
from services.profiles.transfer.backup_file import BackupFile
from services.profiles.transfer.export import Export, stream
from services.profiles.transfer.parquet import Parquet
from services.profiles.transfer.restoration import rows_of
from services.profiles.transfer.table import Format, TableKind
from services.profiles.transfer.tables import TABLES


def parquet_of(kind: TableKind, rows: Sequence[Any], page: int = 1000) -> bytes:
    """Return what is kept as a file, written a page at a time."""
    table = TABLES[kind]
    writer = Parquet(table)
    pieces = [writer.add(table.batch(rows[start : start + page])) for start in range(0, len(rows), page)]
    return b"".join([*pieces, writer.end()])


async def exported(
    store: ProfileStore, kind: TableKind, brand: str = "acme", form: Format = Format.PARQUET
) -> io.BytesIO:
    """Return what a store exports, as a file."""
    return io.BytesIO(b"".join([piece async for piece in stream(store, Export(brand, kind, form))]))


def rows_in(contents: bytes) -> list[Any]:
    """Return what a file keeps, all of it checked."""
    return [row for chunk in rows_of("acme", BackupFile(io.BytesIO(contents)), {}) for row in chunk]
