"""From one store to another, through the port alone: every brand, in pages, and again from where it stopped."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from services.profiles.alerts.store import AlertStore
from services.profiles.assigned_run import RESTORED
from services.profiles.profile import BrandSize
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import Stores
from services.profiles.stores.transactions import EVERY_BRAND
from services.profiles.transfer.export import PAGE, Export, pages_after, pages_of, profile_pages
from services.profiles.transfer.folder import RESTORE_ORDER
from services.profiles.transfer.restoration import take_over
from services.profiles.transfer.row import END
from services.profiles.transfer.table import Format, TableKind
from shared.errors import ConflictError

Watch = Callable[[str, TableKind, int], None]
"""Gets brand, table and rows done."""
ASSIGNMENTS: Final = 10_000
_STILL: Final = "stop whatever writes to either store and run this again"


@dataclass(frozen=True, slots=True)
class CopiedStore:
    """What the target holds now, as much as the source."""

    brands: int
    profiles: int
    posts: int
    alert_rules: int
    webhooks: int
    alerts: int


async def copy_store(source: Stores, target: Stores, watch: Watch = lambda *_: None) -> CopiedStore:
    """Take everything of `source` over into `target`; run again after a crash it does the rest.

    Rules of alerts go with their standing, and webhooks, and raised alerts with their deliveries: one that waits is
    delivered by the new store. What is kept of a brand may be removals alone. Raises ConflictError before anything is
    written where `target` holds a brand that `source` does not, and at the end where their brands, profiles
    or posts are not equally many.
    """
    brands = await source.profiles.kept_brands()
    await _refuse_other_content(source.profiles, target.profiles)
    for brand in brands:
        for kind in RESTORE_ORDER:
            await _copy_table(source.profiles, target.profiles, Export(brand, kind, Format.PARQUET), watch)
        await _copy_runs(source.profiles, target.profiles, brand)
    await _copy_erased(source.profiles, target.profiles)
    webhooks, rules, alerts = (
        await _copy_webhooks(source.alerts, target.alerts),
        await _copy_rules(source.alerts, target.alerts),
        await _copy_alerts(source.alerts, target.alerts),
    )
    held, wanted = await _sizes(target.profiles), await _sizes(source.profiles)
    if held != wanted:
        different = next(brand for brand in sorted({*held, *wanted}) if held.get(brand) != wanted.get(brand))
        raise ConflictError(
            f"brand {different} has {_told(wanted.get(different))} in the one store and "
            f"{_told(held.get(different))} in the other; {_STILL}"
        )
    profiles, posts = sum(size.profiles for size in held.values()), sum(size.posts for size in held.values())
    return CopiedStore(len(brands), profiles, posts, rules, webhooks, alerts)


async def _copy_table(source: ProfileStore, target: ProfileStore, table: Export, watch: Watch) -> None:
    done = 0
    async with aclosing(pages_of(source, table)) as pages:
        async for rows in pages:
            await take_over(target, table.brand, table.of, rows)
            done += len(rows)
            watch(table.brand, table.of, done)


async def _copy_runs(source: ProfileStore, target: ProfileStore, brand: str) -> None:
    """Take over the assignments of every run that was published, the one shown last, so that it is shown there too."""
    runs = [run for run in await source.assigned_runs(brand) if run.published and not run.leaving]
    for run in sorted(runs, key=lambda run: run.published):
        if run.run_id == RESTORED:
            continue  # the profiles brought them along
        staged, after = 0, ""
        while page := await source.assignments(brand, run.basis, run.run_id, after, ASSIGNMENTS):
            staged += await target.stage(brand, run.basis, run.run_id, dict(page))
            after = page[-1][0]
        if staged:
            await target.publish(brand, run.basis, run.run_id, staged, keep=len(runs))


async def _copy_erased(source: ProfileStore, target: ProfileStore) -> None:
    """Take over who was erased altogether: also where no brand is left to go with."""
    async for page in pages_after(lambda after: source.erased_authors(after, PAGE), str):
        await target.restore_removals(EVERY_BRAND, [], page)


async def _copy_alerts(source: AlertStore, target: AlertStore) -> int:
    count = 0
    async for page in pages_after(lambda after: source.every_alert(after, PAGE), lambda raised: raised.position):
        for raised in page:
            await target.keep(raised)
        count += len(page)
    return count


async def _copy_webhooks(source: AlertStore, target: AlertStore) -> int:
    count = 0
    async for page in pages_after(lambda after: source.webhooks(after or "", PAGE), lambda webhook: webhook.name):
        for webhook in page:
            if await target.webhook(webhook.name) is None:
                await target.put_webhook(webhook)
        count += len(page)
    return count


async def _copy_rules(source: AlertStore, target: AlertStore) -> int:
    count = 0
    # No rule has judged that hour, so these are all there are, of every brand.
    async for page in pages_after(lambda after: source.due_rules(END, after, PAGE), lambda kept: kept):
        for kept in page:
            if await target.rule(kept.rule.brand, kept.rule.name) is None:
                await target.record(await target.put_rule(kept.rule, kept.standing.judged), kept.standing, None)
        count += len(page)
    return count


async def _refuse_other_content(source: ProfileStore, target: ProfileStore) -> None:
    for brand in await target.kept_brands():
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


async def _profiles(store: ProfileStore, brand: str) -> AsyncIterator[tuple[Any, ...]]:
    async for page in profile_pages(store, brand):
        for kept in page:
            yield kept.profile.author_key, kept.profile.folded


async def _posts(store: ProfileStore, brand: str) -> AsyncIterator[tuple[Any, ...]]:
    async for page in pages_after(lambda after: store.kept_posts(brand, after, PAGE), lambda kept: kept.post_key):
        for kept in page:
            yield kept.post_key, kept.author_key


async def _sizes(store: ProfileStore) -> dict[str, BrandSize]:
    """Return how much each brand has, by name."""
    pages = pages_after(lambda after: store.brands(after, PAGE), lambda size: size.brand)
    return {size.brand: size async for page in pages for size in page}


def _told(size: BrandSize | None) -> str:
    return f"{size.profiles} profiles of {size.posts} posts" if size else "nothing"
