"""What a store holds of a brand, in pages, in the order in which it is written."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any, get_args

from services.profiles.exporting.export import END, FIRST, Export, Form, Of
from services.profiles.exporting.removals import Removed
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile, Place
from services.profiles.rollup import SPANS, BucketKey, Span
from services.profiles.stores.base import ProfileStore
from shared.analyzed_post import Voice

PAGE = 1000
POSTS_A_PAGE = 500
BUCKETS_A_PAGE = 250
"""A bucket may be 32 kB of authors."""

Pages = AsyncGenerator[Sequence[Any], None]


async def has_anything(store: ProfileStore, brand: str) -> bool:
    """Tell whether there is anything to export of a brand, were it only removals."""
    if await store.has_brand(brand) or await store.kept_posts(brand, None, 1):
        return True
    return bool(await store.removed_authors(brand, None, 1))


def pages_of(store: ProfileStore, export: Export) -> Pages:
    """Return the pages of rows that an export holds."""
    match export.of:
        case Of.PROFILES:
            return profile_pages(store, export.brand)
        case Of.BUCKETS:
            return bucket_pages(store, export.brand, export.start, export.end)
        case Of.REMOVALS:
            return removal_pages(store, export.brand)
        case Of.POSTS:
            bare = export.form is Form.PARQUET and export.whole
            return post_pages(store, export.brand, export.start, export.end, bare=bare)


async def profile_pages(store: ProfileStore, brand: str) -> AsyncGenerator[list[KeptProfile], None]:
    """Yield every profile, by author."""
    after: str | None = None
    while page := await store.kept_profiles(brand, after, PAGE):
        yield page
        after = page[-1].profile.author_key


async def post_pages(
    store: ProfileStore, brand: str, start: int = FIRST, end: int = END, *, bare: bool = True
) -> AsyncGenerator[list[KeptPost], None]:
    """Yield the posts of a time by hour and key, then (where `bare` is asked for) those without text, by key."""
    place: Place | None = None
    while page := await store.posts(brand, start, end, place, POSTS_A_PAGE):
        yield page
        place = _place(page[-1])
    after: str | None = None
    while bare and (page := await store.kept_posts(brand, after, PAGE)):
        after = page[-1].post_key
        if found := [kept for kept in page if kept.post is None]:
            yield found


async def bucket_pages(
    store: ProfileStore, brand: str, start: int = FIRST, end: int = END
) -> AsyncGenerator[list[KeptBucket], None]:
    """Yield the buckets of a time, by key."""
    for voice in sorted(get_args(Voice)):
        for span in sorted(SPANS):
            pages = _bucket_pages(store, brand, BucketKey(voice, span, start), end)
            async for page in pages:
                yield page


async def removal_pages(store: ProfileStore, brand: str) -> AsyncGenerator[list[Removed], None]:
    """Yield who was erased, then who was removed from the brand."""
    after: str | None = None
    while erased := await store.erased_authors(after, PAGE):
        yield [Removed("erased", author_key) for author_key in erased]
        after = erased[-1]
    after = None
    while removed := await store.removed_authors(brand, after, PAGE):
        yield [Removed("removed", author.author_key, author.through) for author in removed]
        after = removed[-1].author_key


async def _bucket_pages(
    store: ProfileStore, brand: str, first: BucketKey, end: int
) -> AsyncGenerator[list[KeptBucket], None]:
    span: Span = first.span
    while page := await store.rollups(brand, span, first.start, end, first.voice, BUCKETS_A_PAGE):
        yield [KeptBucket(replace(first, start=bucket.start), bucket.rollup) for bucket in page]
        first = replace(first, start=page[-1].start + 1)


def _place(kept: KeptPost) -> Place:
    if kept.post is None:
        raise ValueError("a post that is listed by date must have one")
    return Place(int(kept.post.hour.timestamp()), kept.post_key)
