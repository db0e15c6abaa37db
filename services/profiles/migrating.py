"""From one store to another, through the port alone: every brand, in pages, and again from where it stopped."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from services.profiles.alerts.rule import KeptRule
from services.profiles.alerts.store import AlertStore
from services.profiles.profile import BrandSize
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.opening import Stores
from services.profiles.transfer.export import PAGE, Export, pages_of, profile_pages
from services.profiles.transfer.folder import RESTORE_ORDER
from services.profiles.transfer.restore import take_over
from services.profiles.transfer.row import END
from services.profiles.transfer.table import Format, TableKind
from shared.errors import ConflictError

Watch = Callable[[str, TableKind, int], None]
"""Gets brand, table and rows done."""
_STILL = "stop whatever writes to either store and run this again"


@dataclass(frozen=True, slots=True)
class Migration:
    """What the target holds now, as much as the source."""

    brands: int
    profiles: int
    posts: int
    alert_rules: int
    webhooks: int


async def migrate(source: Stores, target: Stores, watch: Watch = lambda *_: None) -> Migration:
    """Take everything of `source` over into `target`; run again after a crash it does the rest.

    Rules of alerts go with their standing, and webhooks; alerts that were told stay behind. Raises ConflictError before
    anything is written where `target` holds a brand that `source` does not, and at the end where their brands, profiles
    or posts are not equally many.
    """
    brands = [size.brand async for size in _sizes(source.profiles)]
    await _refuse_other_content(source.profiles, target.profiles)
    for brand in brands:
        for of in RESTORE_ORDER:
            await _take(source.profiles, target.profiles, brand, of, watch)
    webhooks, rules = (
        await _take_webhooks(source.alerts, target.alerts),
        await _take_rules(source.alerts, target.alerts),
    )
    held = [size async for size in _sizes(target.profiles)]
    wanted = [size async for size in _sizes(source.profiles)]
    if held != wanted:
        different = next(brand for brand in brands if _of(held, brand) != _of(wanted, brand))
        raise ConflictError(
            f"brand {different} has {_told(_of(wanted, different))} in the one store and "
            f"{_told(_of(held, different))} in the other; {_STILL}"
        )
    profiles, posts = sum(size.profiles for size in held), sum(size.posts for size in held)
    return Migration(len(held), profiles, posts, rules, webhooks)


async def _take(source: ProfileStore, target: ProfileStore, brand: str, of: TableKind, watch: Watch) -> None:
    done = 0
    async with aclosing(pages_of(source, Export(brand, of, Format.PARQUET))) as pages:
        async for rows in pages:
            await take_over(target, brand, of, rows)
            done += len(rows)
            watch(brand, of, done)


async def _take_webhooks(source: AlertStore, target: AlertStore) -> int:
    count, after = 0, ""
    while page := await source.webhooks(after, PAGE):
        for webhook in page:
            if await target.webhook(webhook.name) is None:
                await target.put_webhook(webhook)
        count, after = count + len(page), page[-1].name
    return count


async def _take_rules(source: AlertStore, target: AlertStore) -> int:
    count = 0
    after: KeptRule | None = None
    # No rule has judged that hour, so these are all there are, of every brand.
    while page := await source.due_rules(END, after, PAGE):
        for kept in page:
            if await target.rule(kept.rule.brand, kept.rule.name) is None:
                await target.record(await target.put_rule(kept.rule, kept.standing.judged), kept.standing, None)
        count, after = count + len(page), page[-1]
    return count


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
