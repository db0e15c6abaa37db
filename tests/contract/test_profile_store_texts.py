"""The contract of `ProfileStore`: posts with their texts, in pages by key. The same for every store."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic_core import from_json

from services.profiles.folding import LATEST
from services.profiles.stores.base import ProfileStore
from services.profiles.texts import StoredText, TextQuery
from tests.contract import test_profile_store as contract
from tests.unit.profiles.posts import START, analysis, key, post

store = contract.store

FIRST = int(START.timestamp())
ALL = TextQuery(FIRST, LATEST)
NUMBERS = (7, 3, 11, 0, 5)


async def pages(store: ProfileStore, query: TextQuery) -> list[list[StoredText]]:
    """Return every page of a query."""
    found = []
    while True:
        page = await store.texts("acme", query)
        found.append(list(page.posts))
        if not page.more:
            return found
        query = replace(query, after=page.posts[-1].post_key)


def numbers(posts: list[StoredText]) -> list[int]:
    """Return the numbers of posts."""
    return [int(one.post_key, 16) for one in posts]


@pytest.fixture
async def told(store: ProfileStore) -> ProfileStore:
    """Return a store with a few posts of two brands, with texts."""
    posts = [post(number, number % 3, hours=number, text=f"post {number}") for number in NUMBERS]
    await store.fold("acme", posts)
    await store.fold("other", [post(4, text="elsewhere")])
    return store


async def test_texts_come_by_key_in_pages(told: ProfileStore) -> None:
    """Each post of the brand once, in the order of keys, however large a page is."""
    for limit in (1, 2, 5, 9):
        found = await pages(told, replace(ALL, limit=limit))
        assert all(len(page) == limit for page in found[:-1])
        assert [number for page in found for number in numbers(page)] == sorted(NUMBERS)
    assert (await told.texts("nobody", ALL)).posts == []


async def test_a_row_is_its_post(store: ProfileStore) -> None:
    """Key, author, hour, text and analysis are those of the post; the embedding comes where it is asked for."""
    told: dict[str, Any] = {"embedding": [0.6, 0.8], "entities": []}
    await store.fold("acme", [post(1, 2, 3, analysis(0.9, **told), text="über", embedding_version="e1")])
    [bare] = (await store.texts("acme", ALL)).posts
    assert (bare.post_key, bare.author_key, bare.hour, bare.embedding) == (key(1), key(2), FIRST + 3 * 3600, None)
    body = from_json(bare.body)
    assert (body["analysis"]["sentiment"]["label"], bare.text or body["text"]) == ("positive", "über")
    [whole] = (await store.texts("acme", replace(ALL, embeddings=True))).posts
    assert whole.embedding == bytes([76, 102])


async def test_a_page_ends_where_it_is_large_enough(told: ProfileStore) -> None:
    """A page has the post that brings it to so many bytes, and none after it; the next goes on from there."""
    [first, *_] = (await told.texts("acme", ALL)).posts
    found = await pages(told, replace(ALL, most_bytes=first.size + 1))
    assert [len(page) for page in found] == [2, 2, 1]
    assert [number for page in found for number in numbers(page)] == sorted(NUMBERS)


async def test_texts_of_a_time(told: ProfileStore) -> None:
    """From the first hour on, up to before the last."""
    during = TextQuery(FIRST + 3 * 3600, FIRST + 7 * 3600)
    assert numbers(list((await told.texts("acme", during)).posts)) == [3, 5]


async def test_texts_of_some_keys(told: ProfileStore) -> None:
    """Those that are asked for and known, by key; of another brand none."""
    named = replace(ALL, post_keys=[key(11), key(4), key(3), key(99)])
    assert numbers(list((await told.texts("acme", named)).posts)) == [3, 11]
    assert [numbers(page) for page in await pages(told, replace(named, limit=1))] == [[3], [11]]


async def test_what_is_gone_is_not_told(told: ProfileStore) -> None:
    """Removed posts, those of an erased author, and expired ones."""
    await told.remove("acme", [key(3)], {})
    assert [numbers(page) for page in await pages(told, ALL)] == [[0, 5, 7, 11]]
    await told.erase(key(2))
    assert [numbers(page) for page in await pages(told, ALL)] == [[0, 7]]
    await told.sweep(LATEST, 10)
    assert await pages(told, ALL) == [[]]
