"""A question to a collection: values of the first fields of an index, a range of the next, in order."""

from dataclasses import dataclass, replace
from typing import Self

from shared.documents.collection import KEY, Collection, Document, Value


@dataclass(frozen=True)
class Query:
    """Documents of a declared index, in its order.

    `index` names its fields; () is the order of keys, in which every document stands. `equal` has the values of its
    first fields, where a tuple of texts or numbers means any of them. `low` and `high`, both inclusive, bound the
    next field, the key where none is left. `after` is the place to go on behind, as `position` gives it: the values of
    the fields that are not bound to one value, then the key. With `bodies=False` documents come without their body,
    with the fields of the index alone and version 0, which costs no look at the documents themselves.
    """

    index: tuple[str, ...] = ()
    equal: tuple[Value | tuple[str | int, ...], ...] = ()
    low: str | int | None = None
    high: str | int | None = None
    after: tuple[Value, ...] | None = None
    descending: bool = False
    bodies: bool = True

    @property
    def free(self) -> tuple[str, ...]:
        """Return the fields that documents come in the order of: those not bound to one value, then the key."""
        bound = next((n for n, value in enumerate(self.equal) if isinstance(value, tuple)), len(self.equal))
        return (*self.index[bound:], KEY)

    @property
    def ranged(self) -> str:
        """Return the field that `low` and `high` bound."""
        return (*self.index, KEY)[len(self.equal)]

    def position(self, document: Document) -> tuple[Value, ...]:
        """Return the place of a found document, to go on behind it."""
        return tuple(document.key if name == KEY else document.fields[name] for name in self.free)

    def behind(self, document: Document) -> Self:
        """Return the question for what follows a found document."""
        return replace(self, after=self.position(document))

    def check(self, collection: Collection) -> None:
        """Raise ValueError where the collection declares no such index, or a value is of another type."""
        if self.index and self.index not in (index.fields for index in collection.indexes):
            raise ValueError(f"{collection.name} declares no index over {self.index}")
        if len(self.equal) > len(self.index):
            raise ValueError(f"{collection.name}: more values than the index {self.index} has fields")
        for name, value in zip(self.index, self.equal, strict=False):
            for one in value if isinstance(value, tuple) else (value,):
                if one is None:
                    raise ValueError(f"{collection.name}.{name}: what has no value is in no index")
                collection.check_value(name, one)
        collection.check_value(self.ranged, self.low)
        collection.check_value(self.ranged, self.high)
        if self.after is not None:
            for name, value in zip(self.free, self.after, strict=True):
                collection.check_value(name, value)
