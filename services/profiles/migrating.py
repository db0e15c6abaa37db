"""From one store to another, through the port alone: every brand, in pages, and again from where it stopped."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from services.profiles.exporting.export import Export, Form, Of
from services.profiles.exporting.folder import RESTORE_ORDER
from services.profiles.exporting.pages import PAGE, pages_of, profile_pages
from services.profiles.importing.restoring import take_over
from services.profiles.profile import BrandSize
from services.profiles.stores.base import ProfileStore
from shared.errors import ConflictError

Watch = Callable[[str, Of, int], None]
"""Gets brand, table and rows done."""
_STILL = "stop whatever writes to either store and run this again"


@dataclass(frozen=True, slots=True)
class Migration:
    """What the target holds now, as much as the source."""

    brands: int
    profiles: int
    posts: int


async def migrate(source: ProfileStore, target: ProfileStore, watch: Watch = lambda *_: None) -> Migration:
    """Take everything of `source` over into `target`; run again after a crash it does the rest.

    Raises ConflictError before anything is written where `target` holds what `source` does not, and at the end where
    their brands, profiles or posts are not equally many.
    """
    brands = [size.brand async for size in _sizes(source)]
    await _refuse_other_content(source, target)
    for brand in brands:
        for of in RESTORE_ORDER:
            await _take(source, target, brand, of, watch)
    held, wanted = [size async for size in _sizes(target)], [size async for size in _sizes(source)]
    if held != wanted:
        different = next(brand for brand in brands if _of(held, brand) != _of(wanted, brand))
        raise ConflictError(
            f"brand {different} has {_told(_of(wanted, different))} in the one store and "
            f"{_told(_of(held, different))} in the other; {_STILL}"
        )
    return Migration(len(held), sum(size.profiles for size in held), sum(size.posts for size in held))


async def _take(source: ProfileStore, target: ProfileStore, brand: str, of: Of, watch: Watch) -> None:
    done = 0
    async with aclosing(pages_of(source, Export(brand, of, Form.PARQUET))) as pages:
        async for rows in pages:
            await take_over(target, brand, of, rows)
            done += len(rows)
            watch(brand, of, done)


async def _refuse_other_content(source: ProfileStore, target: ProfileStore) -> None:
    async for size in _sizes(target):
        brand = size.brand
        same = await _is_part(_profiles(target, brand), _profiles(source, brand)) and await _is_part(
            _posts(target, brand), _posts(source, brand)
        )
        if not same:
            raise ConflictError(
                f"the store to fill has a brand {brand} that is not, or not like that, in the other; "
                "give an empty store, or one that such a migration began to fill"
            )


async def _is_part(part: AsyncIterator[tuple[Any, ...]], whole: AsyncIterator[tuple[Any, ...]]) -> bool:
    """Tell whether each row of `part` is a row of `whole`; both ascend by their first value."""
    async for row in part:
        same = await anext(whole, None)
        while same is not None and same[0] < row[0]:
            same = await anext(whole, None)
        if same != row:
            return False
    return True


async def _profiles(store: ProfileStore, brand: str) -> AsyncGenerator[tuple[Any, ...], None]:
    async for page in profile_pages(store, brand):
        for kept in page:
            yield kept.profile.author_key, kept.profile.folded


async def _posts(store: ProfileStore, brand: str) -> AsyncGenerator[tuple[Any, ...], None]:
    after: str | None = None
    while page := await store.kept_posts(brand, after, PAGE):
        for kept in page:
            yield kept.post_key, kept.author_key
        after = page[-1].post_key


async def _sizes(store: ProfileStore) -> AsyncGenerator[BrandSize, None]:
    after: str | None = None
    while page := await store.brands(after, PAGE):
        for size in page:
            yield size
        after = page[-1].brand


def _of(sizes: Sequence[BrandSize], brand: str) -> BrandSize | None:
    return next((size for size in sizes if size.brand == brand), None)


def _told(size: BrandSize | None) -> str:
    return f"{size.profiles} profiles of {size.posts} posts" if size else "nothing"
