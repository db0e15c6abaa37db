"""A backup as a folder: a file for each table, and posts parted by date as Hive, DuckDB and Spark read them."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from services.profiles.exporting.export import Of
from services.profiles.exporting.parquet import COMPRESSION
from services.profiles.exporting.tables import TABLES

RESTORE_ORDER: Final = (Of.REMOVALS, Of.PROFILES, Of.BUCKETS, Of.POSTS)
"""Who is gone comes first, so that nobody comes back; posts come last, since profiles have counted them."""
PARTIAL: Final = ".partial"
"""What a name ends with while its file is being written."""
NO_DATE: Final = "__HIVE_DEFAULT_PARTITION__"
_PARTED: Final = "date"
_PART: Final = "part-0.parquet"


def path_of(folder: Path, of: Of) -> Path:
    """Return the file of a table in a backup; of posts the folder."""
    return folder / "posts" if of is Of.POSTS else folder / f"{of}.parquet"


def partial(path: Path) -> Path:
    """Return the name under which a file or folder is written before it is whole."""
    return path.with_name(path.name + PARTIAL)


def part_by_date(file: Path, folder: Path, watch: Callable[[int], None] = lambda _: None) -> None:
    """Part a file of posts into `folder/date=YYYY-MM-DD/part-0.parquet`, a row group at a time.

    Posts without a date go into the null partition. The folder appears when all of it is written; `watch` gets the
    rows done.
    """
    source = pq.ParquetFile(file)
    schema = TABLES[Of.POSTS].schema
    schema = schema.remove(schema.get_field_index(_PARTED))
    growing = partial(folder)
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(parents=True)
    done = 0
    with ExitStack() as opened:
        name, writer = "", None
        for number in range(source.metadata.num_row_groups):
            group = source.read_row_group(number)
            date = group.column(_PARTED)[0].as_py()
            if writer is None or name != str(date or NO_DATE):
                opened.close()
                name = str(date or NO_DATE)
                place = growing / f"{_PARTED}={name}"
                place.mkdir()
                writer = opened.enter_context(pq.ParquetWriter(place / _PART, schema, compression=COMPRESSION))
            writer.write_table(group.select(schema.names).cast(schema), row_group_size=group.num_rows)
            done += group.num_rows
            watch(done)
    growing.replace(folder)


def files_of(place: Path) -> list[Path]:
    """Return the files of a backup in the order in which they are restored; a file is a backup of one.

    Raises FileNotFoundError where there is none.
    """
    if place.is_file():
        return [place]
    found = []
    for of in RESTORE_ORDER:
        path = path_of(place, of)
        # The null partition sorts behind every date.
        found += sorted(path.glob("*/*.parquet")) if of is Of.POSTS else [path] if path.is_file() else []
    if not found:
        raise FileNotFoundError(2, "there is no backup: neither a file nor a folder that `voxpop export` wrote")
    return found
