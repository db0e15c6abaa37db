"""From an export to rows: finds whose it is, and reads posts and comments member by member."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from services.ingest.sources.exports.archive import Archive, ByteMeter, FolderArchive, zip_archive
from services.ingest.sources.exports.export_entry import ExportEntry, ExportOwner, UnknownFormError
from services.ingest.sources.exports.facebook_export import album_entry
from services.ingest.sources.exports.items import ItemsError, items
from services.ingest.sources.exports.members import FormMembers, members_of
from services.ingest.sources.exports.x_archive import is_x_archive, x_archive_source
from services.ingest.sources.rows import FileError, FileSource, Row
from shared.printable import printable

ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""How a ZIP file begins; the second is an empty one."""


@contextmanager
def open_export(content: Path | BinaryIO, platform: str | None) -> Iterator[FileSource]:
    """Open an export of Instagram, Facebook or X: a folder by its path, a ZIP file by its content.

    Raises FileError where it is no export in JSON, does not tell whose it is, is of another platform than
    `platform` (None takes each), is damaged, or unpacks to more than any export does. An item that is wrong
    in itself is yielded with its reason; one without a text is passed over.
    """
    meter = ByteMeter()
    if isinstance(content, Path):
        yield _source(FolderArchive(content, meter), platform, meter)
        return
    with zip_archive(content, meter) as archive:
        yield _source(archive, platform, meter)


def _source(archive: Archive, platform: str | None, meter: ByteMeter) -> FileSource:
    if is_x_archive(archive):
        return x_archive_source(archive, platform, meter)
    found = _recognised(archive)
    if platform not in {None, found.form.platform}:
        raise FileError(f"this is an export of {found.form.platform}; leave --platform away")
    owner = _owner(archive, found)
    rows = _Reading(archive, found, owner).rows()
    return FileSource(rows, sum(map(archive.size, found.names)), lambda: meter.bytes)


def _recognised(archive: Archive) -> FormMembers:
    found = members_of(archive)
    if len(found) == 1:
        return found[0]
    if found:
        raise FileError("this holds exports of two platforms; give one at a time")
    if any(name.lower().endswith((".html", ".htm")) for name in archive.names()):
        raise FileError("this export is in HTML; ask the platform for it in JSON")
    if any(name.lower().endswith(".zip") for name in archive.names()):
        raise FileError("this holds ZIP files and no posts; unpack them all into one folder and give that")
    raise FileError("this is no export of Instagram, Facebook or X with posts or comments in JSON")


def _owner(archive: Archive, found: FormMembers) -> ExportOwner:
    for name in found.owners:
        with archive.read(name) as member:
            try:
                for _, item in items(member):
                    if (owner := found.form.owner_of(item)) is not None:
                        return owner
            except ItemsError:
                continue
    raise FileError(
        "the export does not tell whose it is; ask for one that includes personal information, in JSON; "
        "where it came in several files, unpack them all into one folder and give that"
    )


class _Reading:
    """Reads one export; what a photo's description says is told once, by its post or by its album."""

    def __init__(self, archive: Archive, found: FormMembers, owner: ExportOwner) -> None:
        self._archive = archive
        self._found = found
        self._owner = owner
        self._number = 0
        self._described: set[int] = set()

    def rows(self) -> Iterator[Row]:
        """Yield the rows of all members."""
        for name in self._found.names:
            last = printable(name.rpartition("/")[2])
            try:
                yield from self._member(name, last)
            except ItemsError as error:
                self._number += 1
                yield Row(self._number, None, f"{last} {error}")

    def _member(self, name: str, last: str) -> Iterator[Row]:
        values: dict[str, Any] = {}
        with self._archive.read(name) as member:
            for key, item in items(member):
                self._number += 1
                if key and not isinstance(item, (dict, list)):
                    values[key] = item
                    continue
                yield from self._item(key, item, last)
        if self._found.form.platform == "facebook" and (entry := album_entry(values)) is not None:
            yield self._row(entry)

    def _item(self, key: str, item: Any, last: str) -> Iterator[Row]:
        try:
            entries = list(self._found.form.entries_of(key, item, self._owner))
        except UnknownFormError as error:
            yield Row(self._number, None, f"{last} {error}")
            return
        texts: set[str] = set()
        for entry in entries:
            if not (self._is_described(entry) or entry.text in texts):
                yield self._row(entry)
            texts.add(entry.text)

    def _is_described(self, entry: ExportEntry) -> bool:
        """Tell whether this description was told before, and keep it in mind."""
        if entry.kind != "post" or entry.place is None:
            return False
        told = hash((repr(entry.place), entry.text))
        known = told in self._described
        self._described.add(told)
        return known

    def _row(self, entry: ExportEntry) -> Row:
        return Row(self._number, entry.as_post(self._found.form.platform, self._owner))
