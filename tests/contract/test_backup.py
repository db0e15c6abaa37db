"""Backups and migrations: what one store kept, another holds afterwards, whatever either is built on."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.profiles.alerts.alert import Alert, RaisedAlert, alert_id
from services.profiles.alerts.alert_rule import AlertRule, Standing
from services.profiles.alerts.webhook import Webhook
from services.profiles.kept import KeptPost, RemovedAuthor
from services.profiles.stores.base import FoldCount, ProfileStore
from services.profiles.stores.database import Stores, open_stores
from services.profiles.transfer.folder import RESTORE_ORDER
from services.profiles.transfer.restoration import restore
from services.profiles.transfer.store_copy import copy_store
from services.profiles.transfer.table import TableKind
from shared.errors import ConflictError
from shared.outbox import OutboxRow, OutboxState
from shared.store_url import MongoUrl, SqliteUrl
from tests.unit.profiles.kept_rows import crowd
from tests.unit.profiles.posts import key, post
from tests.unit.profiles.transfer.files import exported

SOON, NEVER = 1_000_000_000, 2_000_000_000
STARTED = 1_424_736_000


@pytest.fixture
async def filled(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[Stores]:
    """Yield empty stores, to be filled."""
    async with open_stores(store_url) as opened:
        yield opened


@pytest.fixture
def target(filled: Stores) -> ProfileStore:
    """Return the empty store of profiles."""
    return filled.profiles


@pytest.fixture
async def given(tmp_path: Path) -> AsyncIterator[Stores]:
    """Yield stores with some of everything: posts with and without text, clusters, removed and erased authors."""
    async with open_stores(SqliteUrl(tmp_path / "from.db")) as stores:
        store = stores.profiles
        posts = crowd()
        taken = [
            KeptPost(item.post_key, item.author_key, item.key_version, SOON if number % 4 == 0 else NEVER, item)
            for number, item in enumerate(posts)
        ]
        await store.restore_posts("acme", taken)
        await store.fold("other", [post(number, number) for number in range(5)])
        await store.stage("acme", "behaviour", "run-1", {key(1): 2, key(2): 0})
        await store.publish("acme", "behaviour", "run-1", 2)
        await store.remove("acme", [key(11), key(999)], {key(3): STARTED + 24 * 3600})
        await store.erase(key(4))
        await store.sweep(SOON + 1, 1000)
        await stores.alerts.put_webhook(Webhook("desk", "https://desk.example/in", datetime.fromtimestamp(SOON, UTC)))
        rule = AlertRule(brand="acme", name="storm", metric="posts", webhook="desk")
        kept = await stores.alerts.put_rule(rule, STARTED)
        standing = Standing(judged=STARTED + 3600, state="watching", missing=None, raised={"above": STARTED})
        assert await stores.alerts.record(kept, standing, None)
        yield stores


@pytest.fixture
def source(given: Stores) -> ProfileStore:
    """Return the store of profiles that has some of everything."""
    return given.profiles


async def kept_of(store: ProfileStore, brand: str) -> dict[str, Any]:
    """Return everything that a store keeps of a brand."""
    return {
        "profiles": await store.kept_profiles(brand, None, 1000),
        "posts": await store.kept_posts(brand, None, 1000),
        "buckets": await store.kept_buckets(brand),
        "removed": await store.removed_authors(brand, None, 1000),
        "erased": await store.erased_authors(None, 1000),
        "summary": await store.summary(brand),
    }


async def test_an_export_of_all_tables_makes_an_equal_store(source: ProfileStore, target: ProfileStore) -> None:
    """Profiles, posts, hours, days, clusters and removals; and posts that come again are known."""
    for of in RESTORE_ORDER:
        await restore(target, "acme", await exported(source, of))
    assert await kept_of(target, "acme") == await kept_of(source, "acme")
    assert await target.fold("acme", crowd()) == FoldCount(0, 60)
    assert await kept_of(target, "acme") == await kept_of(source, "acme")


async def test_restoring_again_changes_nothing(source: ProfileStore, target: ProfileStore) -> None:
    """In whatever state the first restore was left."""
    files = {of: await exported(source, of) for of in RESTORE_ORDER}
    for some in (RESTORE_ORDER[:2], RESTORE_ORDER[:3], RESTORE_ORDER, RESTORE_ORDER):
        for of in some:
            files[of].seek(0)
            done = await restore(target, "acme", files[of])
            assert done.restored + done.duplicates == {
                TableKind.REMOVALS: 2,
                TableKind.PROFILES: 8,
                TableKind.POSTS: 55,
            }.get(of, done.restored + done.duplicates)
    assert await kept_of(target, "acme") == await kept_of(source, "acme")


async def test_posts_alone_are_folded(source: ProfileStore, target: ProfileStore) -> None:
    """Where nothing had expired and no author was removed, they make all the rest anew, but for clusters."""
    await restore(target, "other", await exported(source, TableKind.POSTS, "other"))
    assert await kept_of(target, "other") == {**await kept_of(source, "other"), "erased": []}


async def test_an_older_backup_does_not_bring_back_a_removed_author(source: ProfileStore, target: ProfileStore) -> None:
    """An author who was removed or erased after the export stays away when it is restored."""
    files = {of: await exported(source, of) for of in RESTORE_ORDER}
    await target.erase(key(1))
    await target.restore_removals("acme", [RemovedAuthor(key(2), STARTED + 1000 * 3600)], [])
    for of in RESTORE_ORDER:
        await restore(target, "acme", files[of])
    for gone in (1, 2, 3, 4):
        assert await target.profile("acme", key(gone)) is None
    assert await target.profile("acme", key(5)) is not None


async def test_a_migration_takes_every_brand_over(given: Stores, filled: Stores) -> None:
    """And says what both hold; made again it changes nothing."""
    for _ in range(2):
        moved = await copy_store(given, filled)
        assert (moved.brands, moved.profiles, moved.alert_rules, moved.webhooks) == (2, 8 + 4, 1, 1)
        for brand in ("acme", "other"):
            assert await kept_of(filled.profiles, brand) == await kept_of(given.profiles, brand)


async def test_a_migration_takes_the_assignments_of_every_run(given: Stores, filled: Stores) -> None:
    """The run that is shown is shown there too, under its id, and an earlier one can be shown again."""
    for run_id, cluster in (("run-1", 1), ("run-2", 2), ("run-3", 3)):
        await given.profiles.stage("other", "behaviour", run_id, dict.fromkeys(await members(given), cluster))
        await given.profiles.publish("other", "behaviour", run_id, 4)
    await given.profiles.publish("other", "behaviour", "run-2", 4)
    await given.profiles.stage("other", "behaviour", "run-4", {key(1): 4})
    for _ in range(2):
        await copy_store(given, filled)
        runs = sorted(await filled.profiles.assigned_runs("other"), key=lambda run: run.published)
        assert [run.run_id for run in runs] == ["run-1", "run-3", "run-2"]
        assert await kept_of(filled.profiles, "other") == await kept_of(given.profiles, "other")
    assert await filled.profiles.publish("other", "behaviour", "run-1", 4) == 4


async def members(stores: Stores) -> list[str]:
    """Return the authors of the brand `other`."""
    return [kept.profile.author_key for kept in await stores.profiles.kept_profiles("other", None, 100)]


async def test_a_migration_takes_rules_of_alerts_with_their_standing(given: Stores, filled: Stores) -> None:
    """So no hour is judged a second time; and what the new store changed since stays."""
    await copy_store(given, filled)
    assert await filled.alerts.rules("acme", "", 10) == await given.alerts.rules("acme", "", 10)
    assert await filled.alerts.webhooks("", 10) == await given.alerts.webhooks("", 10)
    moved = Webhook("desk", "https://other.example/in", datetime.fromtimestamp(NEVER, UTC))
    await filled.alerts.put_webhook(moved)
    await copy_store(given, filled)
    assert await filled.alerts.webhook("desk") == moved


async def test_a_migration_takes_raised_alerts_with_their_deliveries(given: Stores, filled: Stores) -> None:
    """One that waits is delivered by the new store, one that was delivered is not again; made again it adds nothing."""
    states: tuple[OutboxState, ...] = ("waiting", "delivered")
    for number, state in enumerate(states):
        alert = raised_alert(number)
        row = OutboxRow(id=alert.id, subject=alert.id, destination="desk", state=state, attempts=1)
        await given.alerts.keep(RaisedAlert(alert=alert, delivery=row))
    await given.alerts.keep(RaisedAlert(alert=raised_alert(2)))
    for _ in range(2):
        assert (await copy_store(given, filled)).alerts == 3
    assert await filled.alerts.alerts("acme", None, 9) == await given.alerts.alerts("acme", None, 9)
    now = datetime.fromtimestamp(STARTED, UTC) + timedelta(days=1)
    taken = [await filled.alerts.outbox.take("me", now, now + timedelta(hours=1)) for _ in range(2)]
    assert [None if one is None else (one[1].id, one[1].attempts) for one in taken] == [(raised_alert(0).id, 2), None]
    await copy_store(given, filled)
    assert await filled.alerts.outbox.take("me", now, now + timedelta(hours=1)) is None


async def test_a_migration_takes_removals_alone(given: Stores, filled: Stores) -> None:
    """A brand of which nothing is kept but what was removed, and authors who were erased."""
    await given.profiles.remove("gone", [key(1)], {key(2): STARTED}, early=True)
    await given.profiles.erase(key(77))
    await copy_store(given, filled)
    assert await filled.profiles.removed_authors("gone", None, 9) == await given.profiles.removed_authors(
        "gone", None, 9
    )
    assert await filled.profiles.kept_posts("gone", None, 9) == await given.profiles.kept_posts("gone", None, 9)
    assert await filled.profiles.erased_authors(None, 99) == await given.profiles.erased_authors(None, 99)
    assert len(await filled.profiles.removed_authors("gone", None, 9)) == 1


async def test_erased_authors_alone_move(filled: Stores, tmp_path: Path) -> None:
    """Where no brand is left to go with; what comes of them later is not counted."""
    async with open_stores(SqliteUrl(tmp_path / "erased.db")) as emptied:
        await emptied.profiles.erase(key(5))
        await copy_store(emptied, filled)
    assert await filled.profiles.erased_authors(None, 99) == [key(5)]
    await filled.profiles.fold("acme", [post(1, 5)])
    assert await filled.profiles.profile("acme", key(5)) is None


def raised_alert(number: int) -> Alert:
    """Return an alert of acme."""
    moment = datetime.fromtimestamp(STARTED, UTC) + timedelta(hours=number)
    figures: dict[str, Any] = {"posts": 9, "value": 9, "expected": 1, "low": 0, "high": 2, "z": 9, "threshold": 3.5}
    return Alert(
        id=alert_id("acme", "volume", number),
        brand="acme",
        rule="volume",
        metric="posts",
        direction="above",
        voice=None,
        hour=moment,
        raised_at=moment,
        **figures,
    )


async def test_a_migration_that_stopped_goes_on(given: Stores, filled: Stores) -> None:
    """Wherever it was."""

    class _StoppedError(Exception):
        pass

    for most in range(1, 12):
        calls = 0

        def watch(*_: object, most: int = most) -> None:
            nonlocal calls
            calls += 1
            if calls == most:
                raise _StoppedError

        with suppress(_StoppedError):
            await copy_store(given, filled, watch)
    await copy_store(given, filled)
    for brand in ("acme", "other"):
        assert await kept_of(filled.profiles, brand) == await kept_of(given.profiles, brand)


@pytest.mark.parametrize("brand", ["acme", "theirs"])
async def test_a_migration_refuses_a_store_with_other_content(given: Stores, filled: Stores, brand: str) -> None:
    """Two stores are never mixed, and nothing is written."""
    await filled.profiles.fold(brand, [post(12345, 777)])
    before = await kept_of(filled.profiles, brand)
    with pytest.raises(ConflictError, match=brand):
        await copy_store(given, filled)
    assert await kept_of(filled.profiles, brand) == before
    assert len(await filled.profiles.brands(None, 10)) == 1
