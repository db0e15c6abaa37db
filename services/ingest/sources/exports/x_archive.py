"""An X archive as it is downloaded: a folder or ZIP file with the posts and the account in `data`."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.ingest.sources.dates import DateReader, parse_date
from services.ingest.sources.exports.archive import Archive, ByteMeter
from services.ingest.sources.fields import inside, sendable, text_of, time_of
from services.ingest.sources.layouts.archive_owner import owner_in
from services.ingest.sources.layouts.json_file import JsonRows
from services.ingest.sources.layouts.json_values import json_documents
from services.ingest.sources.layouts.layout import Record
from services.ingest.sources.rows import FileError, FileSource, Row
from shared.character_references import resolve_references, write_references

_POSTS: Final = re.compile(r"(^|/)(tweets?|community-tweet)(-part\d+)?\.js$")
_LONG_TEXTS: Final = re.compile(r"(^|/)note-tweets?(-part\d+)?\.js$")
_BEGINNING: Final = 40
"""Characters by which a text that was cut off finds its whole; there are about 275 of it."""
_APART: Final = timedelta(minutes=1)
_MOST_CHARACTERS: Final = 32 * 2**20
"""Of all long texts of an archive; those past it stay cut off."""
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
    long_texts = _LongTexts(archive)
    for name in names:
        with archive.read(name) as member:
            for row in reading.rows(json_documents(member)):
                yield row if row.post is None else replace(row, post=long_texts.completed(row.post))


class _LongTexts:
    """The texts of more than 280 characters, which an archive has whole in a file of their own, under other ids."""

    def __init__(self, archive: Archive) -> None:
        self._known: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        left = _MOST_CHARACTERS
        for name in filter(_LONG_TEXTS.search, archive.names()):
            with archive.read(name) as member:
                for told in json_documents(member):
                    text, moment = _long_text(told.value)
                    if text is None or moment is None or (left := left - len(text)) < 0:
                        continue
                    self._known[text[:_BEGINNING]].append((moment, text))

    def completed(self, post: dict[str, Any]) -> dict[str, Any]:
        """Return a post with its whole text, where one of the same minute goes on as it begins, and no other does."""
        text, moment = post.get("text"), parse_date(str(post.get("created_at")))
        if not self._known or not isinstance(text, str) or moment is None:
            return post
        begun = re.split(r"\u2026|https?://", resolve_references(text), maxsplit=1)[0].rstrip()
        found = {
            whole
            for told, whole in self._known.get(begun[:_BEGINNING], ())
            if len(begun) >= _BEGINNING and whole.startswith(begun) and abs(told - moment) <= _APART
        }
        return {**post, "text": write_references(sendable(found.pop()))} if len(found) == 1 else post


def _long_text(value: Any) -> tuple[str | None, datetime | None]:
    note = inside(value, "noteTweet")
    if not isinstance(note, dict) or not isinstance(core := note.get("core"), dict):
        return None, None
    return text_of(core, "text"), time_of(note, "createdAt")
