"""An export: what a store holds of a brand, read page by page and streamed as a file.

It is pulled, so a slow reader slows it down and nothing piles up.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar, get_args

from services.profiles.kept import KeptBucket, KeptPost, KeptProfile, Place
from services.profiles.rollup import SPANS, BucketKey
from services.profiles.stores.base import ProfileStore
from services.profiles.transfer.parquet import Parquet
from services.profiles.transfer.row import END, FIRST
from services.profiles.transfer.table import Format, Table, TableKind, TableWriter
from services.profiles.transfer.tables import TABLES, KeptRemoval
from services.profiles.transfer.text_formats import Csv, JsonLines
from services.profiles.withheld_clusters import Withheld, shown
from shared.analyzed_post import Voice
from shared.errors import OverloadedError
from shared.small_groups import withheld

PAGE: Final = 1000
POSTS_A_PAGE: Final = 500
BUCKETS_A_PAGE: Final = 250
"""A bucket may be 32 kB of authors."""
WAIT_SECONDS: Final = 15
_WRITERS: Final[dict[Format, Callable[[Table], TableWriter]]] = {
    Format.CSV: Csv,
    Format.JSONL: JsonLines,
    Format.PARQUET: Parquet,
}

Item = TypeVar("Item")
Cursor = TypeVar("Cursor")


@dataclass(frozen=True, slots=True)
class Export:
    """One table of a brand. Of posts and buckets those from `start` up to before `end` (Unix seconds).

    Without `clusters` it does not say in which cluster an author is.
    """

    brand: str
    of: TableKind
    form: Format
    start: int = FIRST
    end: int = END
    clusters: bool = True

    @property
    def whole(self) -> bool:
        """Tell whether nothing is left out by date."""
        return self.start <= FIRST and self.end >= END

    @property
    def file_name(self) -> str:
        """Return the name under which a browser keeps it."""
        return f"{self.brand}-{self.of}.{self.form}"


class ExportLimit:
    """How many exports run at once in this process: each holds pages of rows, and of Parquet a group of them."""

    def __init__(self, most: int) -> None:
        """Let at most `most` run."""
        self._most = most
        self._running = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count one export inside; raises OverloadedError where there are as many as may be."""
        if self._running == self._most:
            raise OverloadedError(f"{self._most} exports are under way; ask for this one again later", WAIT_SECONDS)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


async def stream(store: ProfileStore, export: Export) -> AsyncGenerator[bytes, None]:
    """Yield the file in pieces, none of them empty.

    It is what the store holds while it is read: what is folded meanwhile may be in it or not. Raises whatever the
    store raises, at any time: a file whose stream raised is not whole.
    """
    table = TABLES[export.of]
    writer = await asyncio.to_thread(_WRITERS[export.form], table)

    def written(rows: Sequence[Any]) -> bytes:
        return writer.add(table.batch(rows))

    hidden = await _withheld(store, export)
    async with aclosing(pages_of(store, export)) as pages:
        async for page in pages:
            rows = [_without(kept, hidden) for kept in page] if hidden else page
            if piece := await asyncio.to_thread(written, rows):
                yield piece
    if piece := await asyncio.to_thread(writer.end):
        yield piece


async def _withheld(store: ProfileStore, export: Export) -> Withheld:
    """Return the clusters that a file for people does not name; a backup has all, to be restored."""
    if export.of is not TableKind.PROFILES or export.form is Format.PARQUET:
        return {}
    sizes = await store.cluster_sizes(export.brand)
    return {basis: found for basis, of_basis in sizes.items() if (found := withheld(of_basis))}


def _without(kept: KeptProfile, hidden: Withheld) -> KeptProfile:
    return replace(kept, profile=replace(kept.profile, clusters=shown(kept.profile.clusters, hidden)))


async def has_anything(store: ProfileStore, brand: str) -> bool:
    """Tell whether there is anything to export of a brand, were it only removals."""
    if await store.has_brand(brand) or await store.kept_posts(brand, None, 1):
        return True
    return bool(await store.removed_authors(brand, None, 1))


def pages_of(store: ProfileStore, export: Export) -> AsyncGenerator[Sequence[Any], None]:
    """Return the pages of rows that an export holds, in the order in which they are written."""
    match export.of:
        case TableKind.PROFILES:
            pages = profile_pages(store, export.brand)
            return pages if export.clusters else _without_clusters(pages)
        case TableKind.BUCKETS:
            return _bucket_pages(store, export)
        case TableKind.REMOVALS:
            return _removal_pages(store, export.brand)
        case TableKind.POSTS:
            return _post_pages(store, export)


async def pages_after(
    read: Callable[[Cursor | None], Awaitable[list[Item]]], cursor_of: Callable[[Item], Cursor]
) -> AsyncGenerator[list[Item], None]:
    """Yield the pages that `read` returns after each page's last item, up to an empty one."""
    cursor: Cursor | None = None
    while page := await read(cursor):
        yield page
        cursor = cursor_of(page[-1])


def profile_pages(store: ProfileStore, brand: str) -> AsyncGenerator[list[KeptProfile], None]:
    """Yield every profile, by author."""
    return pages_after(lambda after: store.kept_profiles(brand, after, PAGE), lambda kept: kept.profile.author_key)


async def _without_clusters(pages: AsyncGenerator[list[KeptProfile], None]) -> AsyncGenerator[list[KeptProfile], None]:
    async with aclosing(pages):
        async for page in pages:
            yield [replace(kept, profile=replace(kept.profile, clusters={})) for kept in page]


async def _post_pages(store: ProfileStore, export: Export) -> AsyncGenerator[list[KeptPost], None]:
    """Yield posts by hour and key; in a whole backup then those without text, by key."""
    brand = export.brand
    async for page in pages_after(
        lambda after: store.posts(brand, export.start, export.end, after, POSTS_A_PAGE), _place
    ):
        yield page
    if export.form is Format.PARQUET and export.whole:
        async for page in pages_after(lambda after: store.kept_posts(brand, after, PAGE), lambda kept: kept.post_key):
            if found := [kept for kept in page if kept.post is None]:
                yield found


async def _bucket_pages(store: ProfileStore, export: Export) -> AsyncGenerator[list[KeptBucket], None]:
    """Yield buckets by key."""
    for voice in sorted(get_args(Voice)):
        for span in sorted(SPANS):
            key = BucketKey(voice, span, export.start)
            while page := await store.rollups(export.brand, span, key.start, export.end, voice, BUCKETS_A_PAGE):
                yield [KeptBucket(replace(key, start=bucket.start), bucket.rollup) for bucket in page]
                key = replace(key, start=page[-1].start + 1)


async def _removal_pages(store: ProfileStore, brand: str) -> AsyncGenerator[list[KeptRemoval], None]:
    """Yield the authors who were erased, then those who were removed from the brand."""
    async for erased in pages_after(lambda after: store.erased_authors(after, PAGE), str):
        yield [KeptRemoval("erased", author_key) for author_key in erased]
    async for removed in pages_after(
        lambda after: store.removed_authors(brand, after, PAGE), lambda author: author.author_key
    ):
        yield [KeptRemoval("removed", author.author_key, author.through) for author in removed]


def _place(kept: KeptPost) -> Place:
    if kept.post is None:
        raise ValueError("a post that is listed by date must have one")
    return Place(int(kept.post.hour.timestamp()), kept.post_key)
