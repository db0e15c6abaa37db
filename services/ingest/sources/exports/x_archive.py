"""An X archive as it is downloaded: a folder or ZIP file with the posts and the account in `data`."""

import re
from collections.abc import Iterator
from typing import Final

from services.ingest.sources.dates import DateReader
from services.ingest.sources.exports.archive import Archive, ByteMeter
from services.ingest.sources.layouts.archive_owner import owner_in
from services.ingest.sources.layouts.json_file import JsonRows
from services.ingest.sources.layouts.json_values import json_documents
from services.ingest.sources.layouts.layout import Record
from services.ingest.sources.rows import FileError, FileSource, Row

_POSTS: Final = re.compile(r"(^|/)(tweets?|community-tweet)(-part\d+)?\.js$")
_ACCOUNT: Final = re.compile(r"(^|/)account\.js$")


def is_x_archive(archive: Archive) -> bool:
    """Tell an X archive by its files of posts."""
    return any(_POSTS.search(name) for name in archive.names())


def x_archive_source(archive: Archive, platform: str | None, meter: ByteMeter) -> FileSource:
    """Return the rows of an X archive; raises FileError where another platform is said."""
    if platform not in {None, "x"}:
        raise FileError("this is an archive of x; leave --platform away")
    names = [name for name in archive.names() if _POSTS.search(name)]
    reading = JsonRows({}, "x", DateReader(), _owner(archive))
    return FileSource(_rows(archive, names, reading), sum(map(archive.size, names)), lambda: meter.bytes, reading.notes)


def _owner(archive: Archive) -> Record:
    for name in filter(_ACCOUNT.search, archive.names()):
        with archive.read(name) as member:
            if owner := owner_in(json_documents(member)):
                return owner
    return {}


def _rows(archive: Archive, names: list[str], reading: JsonRows) -> Iterator[Row]:
    for name in names:
        with archive.read(name) as member:
            yield from reading.rows(json_documents(member))
