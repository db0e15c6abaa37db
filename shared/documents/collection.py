"""What a store declares: its collections, their fields and indexes; and what it keeps in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Value = str | int | bytes | None
"""What a field holds; None is the same as no value."""

KEY: Final = "key"
_RESERVED: Final = frozenset({KEY, "version", "body", "_id"})


@dataclass(frozen=True)
class Document:
    """One document of a collection.

    `body` is text of the store's own making (JSON mostly), `fields` stand beside it, to be looked up or kept apart.
    `version` rises by one with every change; it is 1 once inserted and 0 before.
    """

    key: str
    body: str = field(repr=False)
    fields: Mapping[str, Value] = field(default_factory=dict, repr=False)
    version: int = 0


@dataclass(frozen=True)
class Index:
    """Fields that documents are looked up by, in this order, then by key.

    A document stands in it only where it has a value for each of the fields. In a `unique` one no two documents have
    the same values.
    """

    fields: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, eq=False)
class Collection:
    """Documents of one kind.

    `fields` maps each field to its type (str, int or bytes); one that stands in no index is kept beside the body.
    Raises ValueError where an index names what is not declared.
    """

    name: str
    fields: Mapping[str, type[str] | type[int] | type[bytes]] = field(default_factory=dict)
    indexes: tuple[Index, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no adapter can keep."""
        for name in (self.name, *self.fields):
            if not name.isidentifier() or name in _RESERVED:
                raise ValueError(f"{self.name}: {name!r} cannot be a name")
        for index in self.indexes:
            undeclared = [name for name in index.fields if name not in self.fields]
            if undeclared or not index.fields:
                raise ValueError(f"{self.name}: an index names fields that are not declared: {undeclared}")

    @property
    def table(self) -> str:
        """Return the name in the database, which no table or collection of another kind has."""
        return f"document_{self.name}"

    def index_name(self, fields: tuple[str, ...]) -> str:
        """Return the name of an index in the database."""
        return "_".join((self.table, "by", *fields))

    def values(self, document: Document) -> dict[str, Value]:
        """Return the value of every declared field; raises ValueError for one undeclared or of another type."""
        for name, value in document.fields.items():
            if name not in self.fields:
                raise ValueError(f"{self.name} declares no field {name!r}")
            self.check_value(name, value)
        return {name: document.fields.get(name) for name in self.fields}

    def check_value(self, name: str, value: object) -> None:
        """Raise ValueError where a field (or the key) cannot hold the value."""
        kind = str if name == KEY else self.fields[name]
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise ValueError(f"{self.name}.{name} is {kind.__name__}, not {type(value).__name__}")
