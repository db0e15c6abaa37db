"""A backup as a folder: a file for each table, and posts parted by date as Hive, DuckDB and Spark read them."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from services.profiles.transfer.parquet import OPTIONS
from services.profiles.transfer.table import TableKind
from services.profiles.transfer.tables import TABLES
from shared.private_files import make_file, make_folder

RESTORE_ORDER: Final = (TableKind.REMOVALS, TableKind.PROFILES, TableKind.BUCKETS, TableKind.POSTS)
"""Removals come first, so that no removed author comes back; posts come last, since profiles have counted them."""
PARTIAL: Final = ".partial"
"""What a name ends with while its file is being written."""
KEYS: Final = "post_keys.parquet"
_PARTED: Final = "date"
_PART: Final = "part-0.parquet"


def path_of(folder: Path, of: TableKind) -> Path:
    """Return the file of a table in a backup; of posts the folder."""
    return folder / "posts" if of is TableKind.POSTS else folder / f"{of}.parquet"


def partial(path: Path) -> Path:
    """Return the name under which a file or folder is written before it is whole."""
    return path.with_name(path.name + PARTIAL)


def part_by_date(file: Path, folder: Path, watch: Callable[[int], None] = lambda _: None) -> None:
    """Part a file of posts into `posts/date=YYYY-MM-DD/part-0.parquet` in a folder, a row group at a time.

    Posts of which the key alone is left have no date, and pandas reads no partition without one: they go into
    `post_keys.parquet` beside, where there are any. What is not whole bears another name; `watch` gets the rows done.
    """
    source = pq.ParquetFile(file)
    schema = TABLES[TableKind.POSTS].schema
    undated = schema.remove(schema.get_field_index(_PARTED))
    posts, keys = path_of(folder, TableKind.POSTS), folder / KEYS
    shutil.rmtree(partial(posts), ignore_errors=True)
    make_folder(partial(posts))
    done, part, bare = 0, None, False
    with ExitStack() as opened:
        for number in range(source.metadata.num_row_groups):
            group = source.read_row_group(number)
            date = group.column(_PARTED)[0].as_py()
            if part != (wanted := partial(keys) if date is None else partial(posts) / f"{_PARTED}={date}" / _PART):
                opened.close()
                part, bare = wanted, date is None
                make_folder(part.parent)
                make_file(part)
                writer = opened.enter_context(pq.ParquetWriter(part, schema if bare else undated, **OPTIONS))
            writer.write_table(
                group.cast(schema) if bare else group.select(undated.names).cast(undated),
                row_group_size=group.num_rows,
            )
            done += group.num_rows
            watch(done)
    partial(posts).replace(posts)
    if bare:
        partial(keys).replace(keys)


def files_of(backup: Path) -> list[Path]:
    """Return the files of a backup in the order in which they are restored; a file is a backup of one.

    Raises FileNotFoundError where there is none.
    """
    if backup.is_file():
        return [backup]
    found = []
    for of in RESTORE_ORDER:
        path = path_of(backup, of)
        found += sorted(path.glob("*/*.parquet")) if of is TableKind.POSTS else [path]
    found = [path for path in (*found, backup / KEYS) if path.is_file()]
    if not found:
        raise FileNotFoundError(2, "there is no backup: neither a file nor a folder that `voxpop export` wrote")
    return found
