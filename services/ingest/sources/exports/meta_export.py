"""From an export to rows: finds whose it is, and reads posts and comments member by member."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from services.ingest.sources.exports.archive import Archive, ByteMeter, FolderArchive, zip_archive
from services.ingest.sources.exports.forms import FORMS, ExportForm, UnknownFormError
from services.ingest.sources.exports.items import ItemsError, items
from services.ingest.sources.rows import FileError, FileSource, Row

ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""How a ZIP file begins; the second is an empty one."""


@dataclass(frozen=True)
class _Export:
    """An archive whose form is known, with the names of the members that matter."""

    archive: Archive
    form: ExportForm
    owners: list[str]
    entries: list[str]


@contextmanager
def open_export(content: Path | BinaryIO, platform: str | None) -> Iterator[FileSource]:
    """Open an export of Instagram or Facebook: a folder by its path, a ZIP file by its content.

    Raises FileError where it is no export in JSON, does not tell whose it is, is of another platform than
    `platform` (None takes either), is damaged, or unpacks to more than any export does. An item that is wrong
    in itself is yielded with its reason; one without a text is passed over.
    """
    meter = ByteMeter()
    if isinstance(content, Path):
        yield _source(FolderArchive(content, meter), platform, meter)
        return
    with zip_archive(content, meter) as archive:
        yield _source(archive, platform, meter)


def _source(archive: Archive, platform: str | None, meter: ByteMeter) -> FileSource:
    export = _recognised(archive)
    if platform not in {None, export.form.platform}:
        raise FileError(f"this is an export of {export.form.platform}; leave --platform away")
    owner = _owner(export)
    return FileSource(_rows(export, owner), sum(map(archive.size, export.entries)), lambda: meter.bytes)


def _recognised(archive: Archive) -> _Export:
    names = archive.names()
    found: list[_Export] = []
    for form in FORMS:
        entries = [name for name in names if form.entries.search(name)]
        if entries:
            found.append(_Export(archive, form, [name for name in names if form.owners.search(name)], entries))
    if len(found) == 1:
        return found[0]
    if found:
        raise FileError("this holds exports of two platforms; give one at a time")
    if any(name.endswith((".html", ".htm")) for name in names):
        raise FileError("this export is in HTML; ask the platform for it in JSON")
    raise FileError("this is no export of Instagram or Facebook with posts or comments in JSON")


def _owner(export: _Export) -> str:
    for name in export.owners:
        with export.archive.read(name) as member:
            try:
                for item in items(member):
                    if (owner := export.form.owner_of(item)) is not None:
                        return owner
            except ItemsError:
                continue
    raise FileError("the export does not tell whose it is; ask for one that includes personal information, in JSON")


def _rows(export: _Export, owner: str) -> Iterator[Row]:
    number = 0
    for name in export.entries:
        last = name.rpartition("/")[2]
        try:
            with export.archive.read(name) as member:
                for item in items(member):
                    number += 1
                    row = _row(number, item, export.form, owner, last)
                    if row is not None:
                        yield row
        except ItemsError as error:
            number += 1
            yield Row(number, None, f"{last} {error}")


def _row(number: int, item: Any, form: ExportForm, owner: str, member: str) -> Row | None:
    try:
        entry = form.entry_of(item)
    except UnknownFormError:
        return Row(number, None, f"{member} holds an item of a form that is not known")
    return None if entry is None else Row(number, entry.as_post(form.platform, owner))
