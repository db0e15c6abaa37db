"""Rows of removals.parquet, checked."""

from typing import Any, Self

from pydantic import model_validator

from services.profiles.exporting.removals import Kind, Removed
from services.profiles.importing.fields import Hour, Row
from shared.analyzed_post import Key


class _RemovalRow(Row):
    kind: Kind
    author_key: Key
    through: Hour | None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.through is None) != (self.kind == "erased"):
            raise ValueError("through must be there for the removed, and for them alone")
        return self


def removal_of(row: dict[str, Any]) -> Removed:
    """Return the removal that a row holds; raises ValueError, with a sentence that quotes nothing of it."""
    read = _RemovalRow.model_validate(row)
    return Removed(read.kind, read.author_key, read.through)
