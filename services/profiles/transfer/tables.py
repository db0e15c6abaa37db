"""Every table there is; the smallest, of removals, stands here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from pydantic import model_validator

from services.profiles.transfer.bucket_table import BUCKETS
from services.profiles.transfer.post_table import POSTS
from services.profiles.transfer.profile_table import PROFILES
from services.profiles.transfer.row import Hour, TableRow
from services.profiles.transfer.table import Table, TableKind
from shared.analyzed_post import Key

RemovalKind = Literal["erased", "removed"]


@dataclass(frozen=True, slots=True)
class KeptRemoval:
    """An author who is gone: altogether, or up to an hour (Unix seconds) from the brand."""

    kind: RemovalKind
    author_key: str
    through: int | None = None


class RemovalRow(TableRow):
    """A removal."""

    kind: RemovalKind
    author_key: Key
    through: Hour | None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.through is None) != (self.kind == "erased"):
            raise ValueError("through must be there for the removed, and for them alone")
        return self


def _cells(kept: KeptRemoval) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in RemovalRow.model_fields}


def _kept(_brand: str, row: dict[str, Any]) -> KeptRemoval:
    read = RemovalRow.model_validate(row)
    return KeptRemoval(read.kind, read.author_key, read.through)


REMOVALS: Final = Table(TableKind.REMOVALS, RemovalRow, _cells, _kept, lambda kept: (kept.kind, kept.author_key))
"""Authors who were erased from every brand, then those who were removed from this one, each by author."""
TABLES: Final[Mapping[TableKind, Table]] = {table.kind: table for table in (PROFILES, POSTS, BUCKETS, REMOVALS)}
