"""How collections, documents and queries look in MongoDB."""

from collections.abc import Collection as Several
from collections.abc import Sequence
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from shared.documents.collection import KEY, Collection, Document
from shared.documents.query import Query

_LOWEST: Final[dict[type, Any]] = {str: "", int: -(2**63), bytes: b""}
"""The least value of each type: a bound that every value keeps, by which a query says that there is one."""


def indexes_of(collection: Collection) -> list[IndexModel]:
    """Return the indexes of a collection, each over documents alone that have all of its fields."""
    return [
        IndexModel(
            [(name, ASCENDING) for name in (*index.fields, *(() if index.unique else ("_id",)))],
            name=collection.index_name(index.fields),
            unique=index.unique,
            partialFilterExpression={name: {"$exists": True} for name in index.fields},
        )
        for index in collection.indexes
    ]


def hint_of(collection: Collection, query: Query) -> str:
    """Return the name of the index that answers a query."""
    return collection.index_name(query.index) if query.index else "_id_"


def filter_of(collection: Collection, query: Query) -> dict[str, Any]:
    """Return the conditions of a query; raises ValueError where the collection does not declare it."""
    query.check(collection)
    conditions: list[dict[str, Any]] = [
        {name: {"$in": list(value)} if isinstance(value, tuple) else value}
        for name, value in zip(query.index, query.equal, strict=False)
    ]
    conditions += [{name: {"$gte": _LOWEST[collection.fields[name]]}} for name in query.index[len(query.equal) :]]
    for bound, operator in ((query.low, "$gte"), (query.high, "$lte")):
        if bound is not None:
            conditions.append({_stored_name(query.ranged): {operator: bound}})
    if query.after is not None:
        conditions += _behind(query, query.after)
    return {"$and": conditions} if conditions else {}


def _behind(query: Query, after: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the conditions of lying behind a place: a bound for the index, then what compares the fields in turn."""
    names = [_stored_name(name) for name in query.free]
    beyond, bound = ("$lt", "$lte") if query.descending else ("$gt", "$gte")
    turns = [
        {**dict(zip(names[:turn], after[:turn], strict=True)), names[turn]: {beyond: after[turn]}}
        for turn in range(len(names))
    ]
    return turns if len(turns) == 1 else [{names[0]: {bound: after[0]}}, {"$or": turns}]


def order_of(query: Query) -> list[tuple[str, int]]:
    """Return the order that a query asks for."""
    direction = DESCENDING if query.descending else ASCENDING
    return [(_stored_name(name), direction) for name in query.free]


def _stored_name(name: str) -> str:
    return "_id" if name == KEY else name


def row_of(collection: Collection, document: Document, version: int) -> dict[str, Any]:
    """Return a document as MongoDB has it."""
    fields = {name: value for name, value in collection.values(document).items() if value is not None}
    return {"_id": document.key, "version": version, **fields, "body": document.body}


def put_of(collection: Collection, document: Document) -> UpdateOne:
    """Return the writing that puts a document in place of the one of its key, in the next version."""
    row = row_of(collection, document, 0)
    del row["version"]
    absent = {name: "" for name in collection.fields if name not in row}
    change = {"$set": {name: value for name, value in row.items() if name != "_id"}, "$inc": {"version": 1}}
    return UpdateOne({"_id": document.key}, change | ({"$unset": absent} if absent else {}), upsert=True)


def document_of(row: dict[str, Any], names: Several[str]) -> Document:
    """Return a document with those of the fields that it has."""
    fields = {name: row[name] for name in names if row.get(name) is not None}
    return Document(row["_id"], row.get("body", ""), fields, row.get("version", 0))
