"""Which members of an archive hold posts, comments and the owner: by the names that Meta gives, else by shape."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from services.ingest.sources.exports import facebook_export, instagram_export
from services.ingest.sources.exports.archive import Archive
from services.ingest.sources.exports.export_entry import ExportEntry, ExportOwner, folded
from services.ingest.sources.exports.items import ItemsError, items
from shared.analyzed_post import Platform

_LOOKED_AT: Final = 3
"""Items of a member by which its shape is judged."""
_LEFT_OUT: Final = re.compile(
    r"group|grupp|groupe|grupo|gruppi|groep|grup|групп|グループ|群组"
    r"|archiv|arsiv|delet|gelosch|supprim|elimin|borrad|exclu|apagad|trash|papierkorb|corbeille|papelera|lixeira|cestino|prullenbak"
    r"|saved|gespeichert|enregistr|guardad|salvat|salvos|opgeslagen|threads"
    r"|messag|nachricht|mensaj|mensage|inbox"
    r"|other_people|wall_post|sent_to_you|visitor|andere|autres|otras|otros|outras|outros|altri|altre"
)
"""Words of folders, files and lists whose posts are another person's, of closed groups, private or taken away."""


@dataclass(frozen=True)
class ExportForm:
    """One platform's export: how members are named in English, how items are told by shape, and what they say."""

    platform: Platform
    owners: re.Pattern[str]
    entries: re.Pattern[str]
    media: re.Pattern[str]
    is_profile: Callable[[Any], bool]
    is_entry: Callable[[str, Any], bool]
    is_medium: Callable[[Any], bool]
    owner_of: Callable[[Any], ExportOwner | None]
    entries_of: Callable[[str, Any, ExportOwner], Iterator[ExportEntry]]


FORMS: Final = (
    ExportForm(
        "instagram",
        instagram_export.OWNERS,
        instagram_export.ENTRIES,
        instagram_export.MEDIA,
        instagram_export.is_profile,
        instagram_export.is_entry,
        instagram_export.is_medium,
        instagram_export.owner_of,
        instagram_export.entries_of,
    ),
    # Groups are left out: most are closed, and an export does not tell which.
    ExportForm(
        "facebook",
        facebook_export.OWNERS,
        facebook_export.ENTRIES,
        facebook_export.MEDIA,
        facebook_export.is_profile,
        facebook_export.is_entry,
        facebook_export.is_medium,
        facebook_export.owner_of,
        facebook_export.entries_of,
    ),
)


@dataclass
class FormMembers:
    """The members of an archive that are of one form; `media` are albums and lists of videos, read after the posts."""

    form: ExportForm
    owners: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The members that hold entries, in the order in which they are read."""
        return [*sorted(self.entries), *sorted(self.media)]

    def take_named(self, name: str) -> bool:
        """Put a member where its English name says that it belongs; tell whether it did."""
        for pattern, names in (
            (self.form.owners, self.owners),
            (self.form.entries, self.entries),
            (self.form.media, self.media),
        ):
            if pattern.search(name):
                names.append(name)
                return True
        return False


def members_of(archive: Archive) -> list[FormMembers]:
    """Return what is found of each form, those alone that have posts or comments."""
    found = [FormMembers(form) for form in FORMS]
    unknown = [
        name
        for name in archive.names()
        if name.lower().endswith(".json") and not any(one.take_named(name) for one in found)
    ]
    loose = [name for name in unknown if not _is_left_out(name) and not _is_told(archive, name, found)]
    found = [one for one in found if one.names]
    if len(found) == 1:
        folders = {entry.rpartition("/")[0] for entry in found[0].entries}
        found[0].media += [name for name in loose if _is_of_media(archive, name, folders, found[0].form)]
    return found


def _is_left_out(name: str) -> bool:
    """Tell by the last folder and the file: an archive may lie in a folder of any name."""
    return _LEFT_OUT.search(folded("/".join(name.split("/")[-2:]))) is not None


def _is_told(archive: Archive, name: str, found: list[FormMembers]) -> bool:
    """Put a member where its first items say that it belongs; tell whether they did."""
    first = _first_items(archive, name)
    for one in found:
        if any(one.form.is_profile(item) for _, item in first):
            one.owners.append(name)
            return True
        if any(one.form.is_entry(key, item) and not _LEFT_OUT.search(folded(key)) for key, item in first):
            one.entries.append(name)
            return True
    return False


def _is_of_media(archive: Archive, name: str, folders: set[str], form: ExportForm) -> bool:
    folder = name.rpartition("/")[0]
    if not any(folder == known or folder.startswith(f"{known}/") for known in folders):
        return False
    first = _first_items(archive, name, 2 * _LOOKED_AT)
    return any(form.is_medium(item) and not _LEFT_OUT.search(folded(key)) for key, item in first)


def _first_items(archive: Archive, name: str, count: int = _LOOKED_AT) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    with archive.read(name) as member, suppress(ItemsError):
        found.extend(islice(items(member), count))
    return found
