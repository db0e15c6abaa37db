"""Removals as a table: who was erased from every brand, then who was removed from this one, each by author."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import pyarrow as pa

from services.profiles.exporting.export import Of
from services.profiles.exporting.table import MOMENT, TEXT, Columns, Table

Kind = Literal["erased", "removed"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Removed:
    """An author who is gone: altogether, or up to an hour (Unix seconds) from the brand."""

    kind: Kind
    author_key: str
    through: int | None = None


SCHEMA: Final = pa.schema([("kind", TEXT), ("author_key", TEXT), ("through", MOMENT)])


def _columns(rows: Sequence[Removed]) -> Columns:
    return {name: [getattr(row, name) for row in rows] for name in SCHEMA.names}


REMOVALS: Final = Table(Of.REMOVALS, SCHEMA, _columns)
