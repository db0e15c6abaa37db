"""Reads posts from profiles: a bounded, fair sample of a brand's, or some by their keys."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

import pyarrow as pa

from services.clusters.posts.post_columns import PostTable, UnreadablePostsError
from shared.profiles_peer import ProfilesPeer

PAGE: Final = 5_000
"""Posts asked for at a time; profiles gives fewer where they are large."""
MOST_BYTES: Final = 2**29
"""Of all posts together, with texts and embeddings."""
NAMED: Final = 1_000
"""Keys asked for at a time."""


async def read_posts(
    profiles: ProfilesPeer,
    brand: str,
    most: int,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    embeddings: bool = False,
    unknown: AbstractSet[str] = frozenset(),
) -> PostTable:
    """Return the brand's posts, of more than `most` a fair sample: the same ones until posts come or expire.

    Of hours from `start` up to before `end`, without them of all whose texts have not expired. Profiles tells posts by
    key, and keys are keyed hashes, so the first ones are a fair sample; those left out count among `most`. Reading ends
    at MOST_BYTES, too. Raises PeerError (404 for a brand that profiles does not know), UnreadablePostsError.
    """
    pages: list[pa.Table] = []
    read, size, cursor = 0, 0, None
    while read < most and size < MOST_BYTES:
        content, following = await profiles.texts(
            brand, min(PAGE, most - read), cursor, start=start, end=end, embeddings=embeddings
        )
        page = await asyncio.to_thread(_read, content)
        if following is not None and following == cursor:
            raise UnreadablePostsError("profiles' pages of posts do not advance; try again")
        pages.append(page)
        read, size, cursor = read + len(page), size + page.nbytes, following
        if following is None:
            break
    return await asyncio.to_thread(PostTable.of_pages, pages, unknown, is_whole=cursor is None)


async def read_named(profiles: ProfilesPeer, brand: str, post_keys: Sequence[str]) -> PostTable:
    """Return those of the posts that still have a text, however many keys are given.

    Raises PeerError, UnreadablePostsError.
    """
    left = sorted(set(post_keys))
    pages: list[pa.Table] = []
    while left:
        asked, left = left[:NAMED], left[NAMED:]
        content, is_whole = await profiles.named_texts(brand, asked)
        page = await asyncio.to_thread(_read, content)
        pages.append(page)
        if not is_whole:
            if not len(page):
                raise UnreadablePostsError("profiles' answers about posts do not advance; try again")
            last = page["post_key"][-1].as_py()
            left = [*(key for key in asked if key > last), *left]
    return await asyncio.to_thread(PostTable.of_pages, pages)


def _read(content: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(content) as stream:
            return stream.read_all()
    except (pa.ArrowInvalid, OSError):
        raise UnreadablePostsError("profiles' posts are not an Arrow stream; is profiles up to date?") from None
