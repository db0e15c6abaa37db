"""Whatever is done to documents in whatever order, they are what a dictionary would be."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.documents.backend import open_documents
from shared.documents.base import Documents, Operations
from shared.documents.collection import Document
from shared.documents.query import Query
from shared.errors import ConflictError
from shared.store_url import MongoUrl, SqliteUrl
from tests.contract.documents.notes import COLLECTIONS, NOTES

KEYS = st.sampled_from("abcd")
DOCUMENTS = st.builds(
    lambda key, body, **fields: Document(key, body, fields),
    KEYS,
    st.sampled_from(["", "{}", "long"]),
    place=st.sampled_from(["x", "y", None]),
    due=st.sampled_from([None, -1, 2]),
    slot=st.sampled_from([None, None, "one", "two"]),
)
_EQUAL = st.sampled_from([(), ("x",), ("y",), (("x", "y"),), ("x", 2)])
QUERIES = st.one_of(
    st.builds(lambda equal, descending: Query(("place", "due"), equal, descending=descending), _EQUAL, st.booleans()),
    st.builds(
        lambda high, descending: Query(("due",), high=high, descending=descending), st.integers(-2, 3), st.booleans()
    ),
    st.builds(lambda low, high: Query(low=low, high=high), KEYS, KEYS),
)
STEPS = st.one_of(
    st.tuples(st.just("insert"), DOCUMENTS),
    st.tuples(st.just("replace"), DOCUMENTS, st.integers(0, 2)),
    st.tuples(st.just("update"), DOCUMENTS),
    st.tuples(st.just("delete"), KEYS, st.one_of(st.none(), st.integers(1, 2))),
    st.tuples(st.just("delete_found"), QUERIES, st.integers(0, 3)),
    st.tuples(st.just("find"), QUERIES, st.integers(0, 3)),
)
Step = tuple[Any, ...]


@dataclass
class Model:
    """Documents in memory."""

    kept: dict[str, Document] = field(default_factory=dict)

    def do(self, step: Step) -> Any:
        """Return what a step should."""
        do: Callable[..., Any] = getattr(self, step[0])
        return do(*step[1:])

    def insert(self, document: Document) -> bool:
        """Keep a new document."""
        if document.key in self.kept or self._clashes(document):
            return False
        self.kept[document.key] = _stored(document, 1)
        return True

    def replace(self, document: Document, behind: int) -> Document | str | None:
        """Keep a document where its version is the one there; `behind` says by how much it is too old."""
        before = self.kept.get(document.key)
        if before is None or behind:
            return None
        if self._clashes(document):
            return "clash"
        self.kept[document.key] = _stored(document, before.version + 1)
        return self.kept[document.key]

    def update(self, document: Document) -> Document | str | None:
        """Keep a document in place of what is there; one without a body removes it."""
        before = self.kept.get(document.key)
        if document.body == "":
            self.kept.pop(document.key, None)
            return None
        if self._clashes(document):
            return "clash"
        self.kept[document.key] = _stored(document, before.version + 1 if before else 1)
        return self.kept[document.key]

    def delete(self, key: str, version: int | None) -> bool:
        """Remove a document."""
        if key not in self.kept or version not in {None, self.kept[key].version}:
            return False
        del self.kept[key]
        return True

    def find(self, query: Query, limit: int) -> list[Document]:
        """Return what a query finds."""
        found = [one for one in self.kept.values() if _fits(query, one)]
        return sorted(found, key=query.position, reverse=query.descending)[:limit]

    def delete_found(self, query: Query, limit: int) -> int:
        """Remove what a query finds."""
        found = self.find(query, limit)
        for one in found:
            del self.kept[one.key]
        return len(found)

    def _clashes(self, document: Document) -> bool:
        slot = document.fields["slot"]
        return any(slot and one.fields.get("slot") == slot for one in self.kept.values() if one.key != document.key)


def _stored(document: Document, version: int) -> Document:
    fields = {name: value for name, value in document.fields.items() if value is not None}
    return replace(document, fields=fields, version=version)


def _fits(query: Query, document: Document) -> bool:
    values: list[Any] = [document.fields.get(name) for name in query.index]
    if None in values:
        return False
    bound = [one if isinstance(one, tuple) else (one,) for one in query.equal]
    ranged: Any = [*values, document.key][len(query.equal)]
    low: Any = ranged if query.low is None else query.low
    high: Any = ranged if query.high is None else query.high
    return all(value in some for value, some in zip(values, bound, strict=False)) and low <= ranged <= high


async def _do(operations: Operations, step: Step) -> Any:
    """Do a step, and return what it told."""
    name, *asked = step
    try:
        if name == "replace":
            before = await operations.get(NOTES, asked[0].key)
            version = (before.version if before is not None else 1) - asked[1]
            return await operations.replace(NOTES, replace(asked[0], version=version))
        if name == "update":
            wanted = asked[0]
            return await operations.update(NOTES, wanted.key, lambda _: wanted if wanted.body else None)
        return await getattr(operations, name)(NOTES, *asked)
    except ConflictError:
        return "clash"


async def _holds(url: SqliteUrl | MongoUrl, units: list[tuple[bool, list[Step]]]) -> None:
    async with open_documents(url, COLLECTIONS) as documents:
        while await documents.delete_found(NOTES, Query(), 1000):
            pass
        model = Model()
        for is_kept, steps in units:
            model = await _unit(documents, model, steps, is_kept=is_kept)
            assert await documents.find(NOTES, Query(), 99) == model.find(Query(), 99)


async def _unit(documents: Documents, model: Model, steps: list[Step], *, is_kept: bool) -> Model:
    """Do the first step alone and the others in one transaction, which is undone unless it is kept."""
    for step in steps[:1]:
        assert await _do(documents, step) == model.do(step)
    after = Model(dict(model.kept))

    async def work(operations: Operations) -> None:
        for step in steps[1:]:
            assert await _do(operations, step) == after.do(step)
        if not is_kept:
            raise LookupError

    if len(steps) == 1:
        return model
    if is_kept:
        await documents.transaction(work)
        return after
    with pytest.raises(LookupError):
        await documents.transaction(work)
    return model


@given(units=st.lists(st.tuples(st.booleans(), st.lists(STEPS, min_size=1, max_size=5)), max_size=6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_documents_are_what_a_dictionary_would_be(
    store_url: SqliteUrl | MongoUrl, units: list[tuple[bool, list[Step]]]
) -> None:
    """Alone and in transactions, kept and undone: what each step tells, and what is there afterwards."""
    asyncio.run(_holds(store_url, units))
