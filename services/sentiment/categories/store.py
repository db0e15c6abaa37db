"""Where category sets are kept, with the examples that they were made of."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from services.sentiment.categories.category_set import CategorySet
from services.sentiment.categories.examples import PackedExamples
from shared.documents.backend import open_documents
from shared.documents.base import MOST_DOCUMENTS, Documents
from shared.documents.collection import Collection, Document, Index
from shared.documents.migration import Kept, Move, moved_collections, moved_tables
from shared.documents.query import Query
from shared.errors import NotFoundError
from shared.store_url import MongoUrl, SqliteUrl

_KEPT: Final = ("kept", "number")
CATEGORY_SETS: Final = Collection("category_sets", {"kept": int, "number": int, "examples": bytes}, (Index(_KEPT),))
"""`number` is the version of the set. Without `kept` the set is deleted, and its number is where the name goes on."""


class CategoryStore:
    """Category sets by name, each in its latest version, with the examples that it was made of.

    A name's versions only rise, by one with each `put`, also over a `delete`: no version ever means two
    things, and the number alone tells whether a version is still the latest. Only the latest is kept:
    nothing can ask for an older one, and what is never read should not hold people's words. Every
    operation is all or nothing, also between processes that share the store; of two puts at once each gets a
    version of its own, and the later one stays.

    Operations raise PeerUnavailableError where the database is a server and does not answer.
    """

    def __init__(self, documents: Documents) -> None:
        """Use open documents with `CATEGORY_SETS`."""
        self._documents = documents

    async def put(self, made: CategorySet, examples: PackedExamples) -> CategorySet:
        """Keep a set and its examples in place of what its name had; return it with the version that it got."""
        body = made.to_json()

        def change(before: Document | None) -> Document:
            return Document(made.name, body, {"kept": 1, "number": _number(before) + 1, "examples": examples})

        return made.at_version(_number(await self._documents.update(CATEGORY_SETS, made.name, change)))

    async def delete(self, name: str) -> int:
        """Remove a set and its examples for good, and return the version that went; raises NotFoundError."""

        def change(before: Document | None) -> Document:
            return Document(name, "", {"number": _number(_existing(before, name))})

        return _number(await self._documents.update(CATEGORY_SETS, name, change))

    async def versions(self) -> dict[str, int]:
        """Return the version of every set by its name; cheap enough to be asked every other second."""
        found = await self._documents.find(CATEGORY_SETS, Query(_KEPT, equal=(1,), bodies=False), MOST_DOCUMENTS)
        return {document.key: _number(document) for document in found}

    async def find(self, name: str) -> CategorySet:
        """Return a set; raises NotFoundError, UnreadableSetError where another version of voxpop wrote it."""
        return (await self.find_with_examples(name))[0]

    async def find_with_examples(self, name: str) -> tuple[CategorySet, PackedExamples]:
        """Return a set and the examples of that same version; raises as `find` does."""
        document = _existing(await self._documents.get(CATEGORY_SETS, name), name)
        found = CategorySet.from_json(document.body).at_version(_number(document))
        examples = document.fields["examples"]
        return found, PackedExamples(examples if isinstance(examples, bytes) else b"")


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl) -> AsyncIterator[CategoryStore]:
    """Open the store; a SQLite file is made where there is none, a MongoDB server need not answer yet."""
    tables = moved_tables((Move("category_set", _moved),), (CATEGORY_SETS,))
    collections = moved_collections((Move("category_sets", _moved),))
    async with open_documents(url, (CATEGORY_SETS,), (tables,), collections) as documents:
        yield CategoryStore(documents)


def missing(name: str) -> str:
    """Return the sentence for a name that is not there."""
    return f"there is no category set '{name}'; GET /v1/categories lists those there are"


def _moved(row: Mapping[str, Any]) -> list[Kept]:
    """Return what becomes of a row of the table or collection of before, where a deleted set had no body."""
    name, number, body = row.get("name", row.get("_id", "")), row["version"], row.get("body")
    if body is None:
        return [(CATEGORY_SETS, Document(name, "", {"number": number}))]
    return [(CATEGORY_SETS, Document(name, body, {"kept": 1, "number": number, "examples": bytes(row["examples"])}))]


def _number(document: Document | None) -> int:
    number = document.fields["number"] if document is not None else None
    return number if isinstance(number, int) else 0


def _existing(document: Document | None, name: str) -> Document:
    if document is None or "kept" not in document.fields:
        raise NotFoundError(missing(name))
    return document
