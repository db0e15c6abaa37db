"""The contract of queries: which documents, in which order, how far."""

import pytest

from shared.documents.base import Documents
from shared.documents.query import Query
from tests.contract.documents.notes import NOTES, a_note


@pytest.fixture
async def filled(documents: Documents) -> Documents:
    """Return a store with notes a to f; e has no due, f no place."""
    for key, place, due in (
        ("a", "x", 5),
        ("b", "x", 3),
        ("c", "y", 3),
        ("d", "x", 3),
        ("e", "x", None),
        ("f", None, 1),
    ):
        await documents.insert(NOTES, a_note(key, key, place=place, due=due, owner=key.upper()))
    return documents


async def keys(documents: Documents, query: Query, limit: int = 99) -> str:
    """Return the keys of what a query finds, in its order."""
    return "".join(one.key for one in await documents.find(NOTES, query, limit))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query(), "abcdef"),
        (Query(low="b", high="d"), "bcd"),
        (Query(descending=True), "fedcba"),
        (Query(descending=True, after=("c",)), "ba"),
        (Query(("place", "due")), "bdac"),
        (Query(("place", "due"), ("x",)), "bda"),
        (Query(("place", "due"), ("x",), high=4), "bd"),
        (Query(("place", "due"), ("x",), low=4), "a"),
        (Query(("place", "due"), ("x",), low=3, high=3), "bd"),
        (Query(("place", "due"), ("x", 3)), "bd"),
        (Query(("place", "due"), ("x", 3), low="c"), "d"),
        (Query(("place", "due"), ("x", 3), high="c"), "b"),
        (Query(("place", "due"), ("x",), after=(3, "b")), "da"),
        (Query(("place", "due"), ("x",), after=(5, "d"), descending=True), "adb"),
        (Query(("place", "due"), ("x",), after=(5, "a"), descending=True), "db"),
        (Query(("place", "due"), after=("x", 3, "d")), "ac"),
        (Query(("place", "due"), (("y", "x"),)), "bdac"),
        (Query(("place", "due"), (("y", "x"),), high=3), "bdc"),
        (Query(("place", "due"), (("y", "x"),), high=3, after=("x", 3, "b")), "dc"),
        (Query(("place", "due"), (("y", "z"),)), "c"),
        (Query(("place", "due"), ((),)), ""),
        (Query(("place", "due"), low="y"), "c"),
        (Query(("due",)), "fbcda"),
        (Query(("due",), high=3), "fbcd"),
        (Query(("due",), ((3, 1),)), "fbcd"),
        (Query(("slot",)), ""),
    ],
    ids=repr,
)
async def test_a_query_finds_what_it_says_in_its_order(filled: Documents, query: Query, found: str) -> None:
    """In the order of the index, then of keys; what lacks a field of the index is not in it."""
    assert await keys(filled, query) == found
    assert await keys(filled, query, 2) == found[:2]
    assert await filled.find(NOTES, query, 0) == []
    assert await filled.count(NOTES, query, 99) == len(found)
    assert await filled.count(NOTES, query, 1) == min(1, len(found))


async def test_pages_follow_one_another(filled: Documents) -> None:
    """From the last document of one page to the next, in both directions."""
    for query in (
        Query(("place", "due"), ("x",)),
        Query(("place", "due"), descending=True),
        Query(("place", "due"), (("x", "y"),)),
        Query(),
    ):
        everything, page, met = await keys(filled, query), query, ""
        while found := await filled.find(NOTES, page, 1):
            met += found[0].key
            page = page.behind(found[0])
        assert met == everything


async def test_without_bodies_the_index_alone_is_told(filled: Documents) -> None:
    """The key and the fields of the index, in version 0, which replaces nothing."""
    query = Query(("place", "due"), ("x",), low=5, bodies=False)
    assert await filled.find(NOTES, query, 9) == [a_note("a", "", place="x", due=5)]
    assert await filled.find(NOTES, Query(high="a", bodies=False), 9) == [a_note("a", "")]


async def test_what_is_found_can_be_removed(filled: Documents) -> None:
    """Up to a number of documents at a time, those that come first."""
    due = Query(("due",), high=3)
    assert await filled.delete_found(NOTES, due, 3) == 3
    assert await keys(filled, Query()) == "ade"
    assert await filled.delete_found(NOTES, due, 3) == 1
    assert await filled.delete_found(NOTES, due, 3) == 0
    assert await keys(filled, Query()) == "ae"


async def test_order_is_by_code_points(documents: Documents) -> None:
    """In both databases: capitals before small letters, accents and emoji behind."""
    for key in ("é", "a", "Z", "😀", "~", "_"):
        await documents.insert(NOTES, a_note(key, owner=key))
    assert await keys(documents, Query()) == "Z_a~é😀"
    assert await keys(documents, Query(("owner",))) == "Z_a~é😀"
