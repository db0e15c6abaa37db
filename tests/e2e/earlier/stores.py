"""What is asked of open stores: what HTTP does not show of them. Asking takes leases, so each copy is asked once."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from services.clusters.bases.basis import Basis
from services.clusters.runs.run import Run, RunRequest, RunStatus
from services.clusters.store import open_store as open_clusters
from services.ingest.erasures.erasure import Erasure
from services.ingest.replies.claims import SendClaim
from services.ingest.replies.store import ReplyStore
from services.ingest.store import IngestStore
from services.ingest.store import open_store as open_ingest
from services.ingest.streams.runner import PURPOSE as CURSOR
from services.ingest.streams.stream import StreamKind
from services.ingest.vault.cipher import Cipher
from services.ingest.vault.vault import Vault
from services.profiles.alerts.alert import RaisedAlert
from services.profiles.alerts.store import AlertStore
from services.profiles.stores.database import open_stores as open_profiles
from services.sentiment.categories.store import open_store as open_categories
from shared.errors import ConflictError
from shared.leases import Lease
from shared.outbox import OutboxRow
from shared.store_url import MongoUrl, SqliteUrl
from tests.e2e.earlier.house import KEYS, MADE_AT
from tests.unit.ingest.virtual_clock import VirtualClock

StoreUrl = SqliteUrl | MongoUrl
Told = dict[str, Any]
Listed = list[Told]
ALL: Final = 1000
HOUR: Final = timedelta(hours=1)
LATER: Final = MADE_AT + timedelta(days=20)
"""When everything that waits is due."""
TODAY: Final = "2026-11-20"
OTHER: Final = SendClaim("0" * 32, 1)
MOST_TAKEN: Final = 100


async def ask_stores(urls: Mapping[str, StoreUrl], done_erasure: str) -> Told:
    """Return what the small stores of the four services tell, by the names of the services."""
    told: Told = {}
    async with open_ingest(urls["ingest"]) as store:
        for ask in (_of_brands, _of_streams, _of_vault, _of_rounds):
            told |= await ask(store)
        told |= await _of_erasures(store, done_erasure)
        told |= await _of_replies(store.replies)
        told |= await _of_tickets(store.replies)
    async with open_profiles(urls["profiles"], VirtualClock(MADE_AT)) as stores:
        told |= await _of_alerts(stores.alerts)
    return told | await _of_runs(urls["clusters"]) | await _of_categories(urls["sentiment"])


async def _of_brands(store: IngestStore) -> Told:
    found = await store.brands.page(after="", limit=ALL)
    versions = await store.brands.versions([one.brand for one in found])
    return {"brands": _dumped(found), "brand versions": versions}


async def _of_streams(store: IngestStore) -> Told:
    """Take every stream that is due by and by: with its cursor, and a token that is higher than the last."""
    cipher = Cipher(KEYS["VOXPOP_VAULT_KEY"].encode())
    streams = [one for kind in StreamKind for one in await store.streams.page(kind, None, "", ALL)]
    due = sorted(await store.streams.due(MADE_AT, ALL))
    again = {
        one.stream_id: (await store.streams.add(one)).stream_id for one in streams if one.progress.state != "finished"
    }
    taken = {}
    for stream_id in await store.streams.due(LATER, ALL):
        held = await store.streams.acquire(stream_id, "replica-9", LATER, HOUR)
        assert held is not None
        cursor = None if held.cursor is None else cipher.open_(CURSOR, stream_id, held.cursor)
        taken[stream_id] = {"cursor": cursor, "token": held.lease.token}
    spent = {month: await store.spend.spent("x", month) for month in ("2026-09", "2026-10", "2026-11")}
    return {"streams": _dumped(streams), "due streams": due, "same streams": again, "taken": taken, "spent": spent}


async def _of_vault(store: IngestStore) -> Told:
    vault = Vault(Cipher(KEYS["VOXPOP_VAULT_KEY"].encode()), store.vault, VirtualClock(MADE_AT))
    rows = {purpose: await vault.page(purpose) for purpose in ("reply", "ticket", "compliance")}
    sealed = [one for purpose in rows for one in await store.vault.page(purpose, "", ALL, MADE_AT)]
    owners = sorted({one.author_key for one in sealed if one.author_key is not None})
    return {
        "vault": {purpose: [list(row) for row in found] for purpose, found in rows.items()},
        "vault expiries": {one.row: one.expires_at.isoformat() for one in sealed},
        "vault owners": {owner: [list(place) for place in await store.vault.of_author(owner, ALL)] for owner in owners},
        "expired rows": await store.vault.sweep(MADE_AT),
    }


async def _of_erasures(store: IngestStore, done_erasure: str) -> Told:
    """Take what is due by and by; the tombstones are known before and after."""
    taken: list[tuple[Lease, Erasure]] = []
    while (found := await store.erasures.take("replica-9", LATER, LATER + HOUR)) and len(taken) < MOST_TAKEN:
        taken.append(found)
    done = await store.erasures.find(done_erasure)
    keys = [done.author_key, *(one.author_key for _, one in taken), "0" * 32]
    return {
        "leased erasures": [
            {**one.model_dump(mode="json"), "token": lease.token, "leased_until": f"{LATER + HOUR:%Y-%m-%dT%H:%M:%SZ}"}
            for lease, one in taken
        ],
        "done erasure": done.model_dump(mode="json"),
        "tombstones": sorted(await store.erasures.erased(keys)),
    }


async def _of_rounds(store: IngestStore) -> Told:
    async def begun(name: str, hours: int) -> bool:
        now = MADE_AT + hours * HOUR
        return await store.rounds.begin(name, "replica-9", now, now + HOUR) is not None

    places = [("x-compliance", 0), ("x-compliance", 21), ("other", 0), ("other", 4), ("new", 0)]
    return {"rounds": {f"{name} after {hours} h": await begun(name, hours) for name, hours in places}}


async def _of_replies(store: ReplyStore) -> Told:
    replies = await store.page(None, None, None, ALL)
    authors = sorted({one.author for one in replies} | {letter * 32 for letter in "abcdef"})
    keys = [one.sent_key for one in replies if one.sent_key is not None]
    gone = await store.gone(["c" * 32, "d" * 32, "e" * 32])
    held = [one.author for one in replies if not await store.take_author(one.author, OTHER, MADE_AT, MADE_AT + HOUR)]
    return {
        "reply rules": _dumped(await store.rules()),
        "replies": _dumped(replies),
        "replies of nimbo": _dumped(await store.page(None, "nimbo", None, ALL)),
        "due replies": [one.id for one in await store.due(LATER, ALL)],
        "overdue replies": [one.id for one in await store.overdue(LATER, ALL)],
        "stale replies": sorted(one.id for one in await store.stale(LATER, ALL)),
        "known replies": sorted(await store.known([*(one.id for one in replies), OTHER.reply])),
        "replies of authors": sorted(one.id for one in await store.of_authors(authors, MADE_AT - HOUR)),
        "our posts": sorted(await store.published([*keys, "0" * 32])),
        "opted out": sorted(await store.opted_out(authors)),
        "gone": {key: through.isoformat() for key, through in gone.items()},
        "held authors": held,
        "replies counted today": await _counted(store, TODAY),
        "replies counted the day before": await _counted(store, "2026-11-19"),
    }


async def _counted(store: ReplyStore, day: str) -> int:
    """Return how many replies a day counts: with one place fewer none is free."""
    for most in range(MOST_TAKEN):
        if await store.take_day(day, OTHER, most):
            return most - 1
    raise AssertionError(f"{day} counts more than {MOST_TAKEN}")


async def _of_tickets(store: ReplyStore) -> Told:
    tickets = await store.tickets(None, None, ALL)
    deliveries = sorted(await store.deliveries([one.id for one in tickets]), key=lambda one: one.id)
    leased: list[tuple[Lease, OutboxRow]] = []
    while (taken := await store.outbox.take("replica-9", LATER, LATER + HOUR)) and len(leased) < MOST_TAKEN:
        leased.append(taken)
    return {
        "tickets": _dumped(tickets),
        "deliveries": [
            {
                **one.model_dump(include={"id", "state", "attempts", "known"}),
                "ticket": one.subject,
                "desk": one.destination,
            }
            for one in deliveries
        ],
        "leased deliveries": sorted(f"{row.id} attempt {row.attempts} token {lease.token}" for lease, row in leased),
    }


async def _of_alerts(store: AlertStore) -> Told:
    beat = await store.heartbeat()
    brands = ("aerolume", "nimbo")
    told: Told = {
        "alert rules": {brand: _dumped(await store.rules(brand, "", ALL)) for brand in brands},
        "due rules": _dumped(
            sorted(
                await store.due_rules(int(LATER.timestamp()), None, ALL),
                key=lambda kept: (kept.rule.brand, kept.rule.name),
            )
        ),
        "alerts": {brand: [_alert(one) for one in await store.alerts(brand, None, ALL)] for brand in brands},
        "heartbeat": None if beat is None else [beat.at.isoformat(), beat.judges_from.isoformat()],
        "webhooks": [[one.name, one.url, one.updated_at.isoformat()] for one in await store.webhooks("", ALL)],
    }
    leased: Listed = []
    while (taken := await store.outbox.take("replica-9", LATER, LATER + HOUR)) and len(leased) < MOST_TAKEN:
        lease, row = taken
        alert = await store.alert(row.subject)
        assert alert is not None
        leased.append(_alert(RaisedAlert(alert=alert, delivery=row), token=lease.token))
    return told | {"leased alerts": leased, "old alerts": await store.sweep(MADE_AT - 3 * HOUR, ALL)}


def _alert(raised: RaisedAlert, **more: int) -> Told:
    """Return an alert as it was shown when deliveries stood in it."""
    row, shown = raised.delivery, None
    if row is not None:
        shown = {"webhook": row.destination, "state": row.state, "attempts": row.attempts, "known": row.known, **more}
    return {"alert": raised.alert.model_dump(mode="json"), "delivery": shown}


def still_kept(told: Told) -> Told:
    """Return what was told but for the moments of deliveries, which tell what is due and are shown by that alone."""
    alerts = {brand: [_without(one, "token") for one in found] for brand, found in told["alerts"].items()}
    return told | {"alerts": alerts, "leased alerts": [_without(one) for one in told["leased alerts"]]}


def _without(alert: Told, *names: str) -> Told:
    gone = {"due_at", "leased_until", *names}
    kept = {name: value for name, value in (alert["delivery"] or {}).items() if name not in gone}
    return alert | {"delivery": kept or None}


async def _of_runs(url: StoreUrl) -> Told:
    """Show that the active run still has its place, then that it lapses."""
    async with open_clusters(url, timedelta(hours=2), VirtualClock(MADE_AT)) as store:
        runs = {brand: await store.runs.runs(brand, ALL) for brand in ("aerolume", "nimbo")}
        wanted = Run(
            run_id="20261120t103000-000000-00000000", brand="nimbo", request=RunRequest(k=9), submitted_at=MADE_AT
        )
        is_free = False
        with suppress(ConflictError):
            await store.runs.submit(wanted, "owner-9")
            is_free = True
        current = await store.runs.current("aerolume", Basis.BEHAVIOUR)
        told = {
            "runs": {brand: _dumped(found) for brand, found in runs.items()},
            "current run": None if current is None else current.run_id,
            "current run of interests": await store.runs.current("aerolume", Basis.INTERESTS),
            "place of the active run is free": is_free,
        }
    async with open_clusters(url, timedelta(minutes=1), VirtualClock(LATER)) as store:
        lapsed = await store.runs.fail_lapsed()
        failed = [one.run_id for one in await store.runs.runs("nimbo", ALL) if one.status is RunStatus.FAILED]
    return told | {"lapsed runs": lapsed, "failed runs": failed}


async def _of_categories(url: StoreUrl) -> Told:
    """Show a set with its examples, and that a deleted name's versions go on."""
    async with open_categories(url) as store:
        versions = await store.versions()
        found, packed = await store.find_with_examples("complaints")
        again = await store.put(found.at_version(0), packed)
        revived = await store.put(found.at_version(0), packed)
        return {
            "category versions": versions,
            "category set": hashlib.sha256(found.to_json().encode()).hexdigest(),
            "examples": hashlib.sha256(packed).hexdigest(),
            "next version": again.version,
            "version after": revived.version,
        }


def _dumped(found: Any) -> Any:
    return [one.model_dump(mode="json") for one in found]
