"""The round that judges finished hours by the same hours of the weeks before, and raises what is unusual."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from services.profiles.alerts.alert import KEPT_DAYS, Alert, RaisedAlert, alert_id
from services.profiles.alerts.alert_rule import AlertRule, KeptRule, Standing
from services.profiles.alerts.detection import Figures, Finding, Judgement, figures_of, judge
from services.profiles.alerts.explanation import Explain
from services.profiles.alerts.heartbeat import beat
from services.profiles.alerts.store import AlertStore
from services.profiles.folding import HOUR_SECONDS
from services.profiles.rollup import Bucket, Span
from shared.analyzed_post import Voice
from shared.clock import SKEW, Clock

MOST_HOURS: Final = 24
"""Hours that a rule catches up with after an outage; those before are never judged."""
EXPLAINED_SECONDS: Final = 20.0
_PAGE: Final = 100
_SWEPT: Final = 1000
log = structlog.get_logger(__name__)

WEEK_SECONDS: Final = 7 * 24 * HOUR_SECONDS
_REACH: Final = HOUR_SECONDS
_ASIDE: Final = (0, -_REACH, _REACH)


def finished_hour(now: datetime, delay: timedelta) -> int:
    """Return the latest hour (Unix seconds of its beginning) that ended `delay` ago or more."""
    seconds = int((now - delay).timestamp())
    return seconds - seconds % HOUR_SECONDS - HOUR_SECONDS


class Rollups(Protocol):
    """The part of `ProfileStore` that hours are read from."""

    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        """See `ProfileStore.rollups`."""
        ...


class History:
    """Reads what rules of one brand and voice need, each range once however many rules ask for it.

    Hours are Unix seconds of their beginning.
    """

    def __init__(self, rollups: Rollups, brand: str, voice: Voice | None) -> None:
        """Read the buckets of a brand and voice (None for both voices together)."""
        self._rollups = rollups
        self._brand = brand
        self._voice = voice
        self._read: dict[tuple[int, int], Mapping[int, Figures]] = {}
        self._first: dict[tuple[int, int], int | None] = {}

    async def hour(self, hour: int) -> Figures:
        """Return the figures of an hour."""
        return (await self._between(hour, hour + HOUR_SECONDS)).get(hour, Figures())

    async def columns(self, hour: int, weeks: int) -> list[list[Figures]]:
        """Return what an hour is compared with: the same hour in the weeks before, then the hours beside it there.

        An hour without a bucket had no posts. Left out are the hours before the first bucket of the time that is
        looked at: the brand was not listened to then.
        """
        first = await self._first_bucket(hour - weeks * WEEK_SECONDS - _REACH, hour)
        columns: list[list[Figures]] = [[] for _ in _ASIDE]
        for week in range(1, weeks + 1):
            same = hour - week * WEEK_SECONDS
            found = await self._between(same - _REACH, same + _REACH + HOUR_SECONDS)
            for column, aside in zip(columns, _ASIDE, strict=True):
                if first is not None and same + aside >= first:
                    column.append(found.get(same + aside, Figures()))
        return columns

    async def _first_bucket(self, start: int, end: int) -> int | None:
        if (start, end) not in self._first:
            found = await self._rollups.rollups(self._brand, "hour", start, end, self._voice, 1)
            self._first[start, end] = found[0].start if found else None
        return self._first[start, end]

    async def _between(self, start: int, end: int) -> Mapping[int, Figures]:
        if (start, end) not in self._read:
            buckets = await self._rollups.rollups(self._brand, "hour", start, end, self._voice)
            self._read[start, end] = {bucket.start: figures_of(bucket.rollup) for bucket in buckets}
        return self._read[start, end]


@dataclass(frozen=True)
class RuleEvaluation:
    """Judges every rule's finished hours, in order. Any number may run at once: an hour is recorded once.

    An hour is judged by what is stored of it, so its posts must have had the time to come. While the service runs,
    `delay` is enough. After an outage it is not: the posts of the hours that were missed still lie with ingest, or with
    the networks, and the first round would find these hours all but empty, say so to people, and never look at them
    again. So every round leaves a heartbeat in the store, and one that finds the last too old judges nothing: that is
    left to the rounds from an hour later on (`heartbeat.SETTLING`), on whichever replica and after however many starts.
    An alert of a missed hour is worth little less an hour later; a false one costs the trust in all the others.

    What is noticed is that these rounds were not made, with the store away or the service down. That ingest alone was
    down is not.
    """

    rollups: Rollups
    store: AlertStore
    clock: Clock
    delay: timedelta
    explain: Explain | None = None

    async def round(self) -> None:
        """Judge what is due, and sweep alerts that are older than 90 days. Raises as the stores do.

        What an hour had when it was judged is what counts: posts that come later change no judgement.
        """
        now = self.clock.now()
        newest = finished_hour(now, self.delay)
        await self._set_back(now, newest)
        if await self._may_judge(now, newest):
            await self._judge(newest)
        before = now - timedelta(days=KEPT_DAYS)
        while await self.store.sweep(before, _SWEPT) == _SWEPT:
            pass

    async def _set_back(self, now: datetime, newest: int) -> None:
        """Let rules that judged hours to come, by a clock that ran ahead, go on behind the newest hour."""
        latest = finished_hour(now + SKEW, self.delay)
        while page := await self.store.rules_ahead(latest, _PAGE):
            for kept in page:
                raised = {direction: hour for direction, hour in kept.standing.raised.items() if hour <= newest}
                standing = kept.standing.model_copy(update={"judged": newest, "raised": raised})
                await self.store.record(kept, standing, None)
        await self.store.redate(now + SKEW)

    async def _may_judge(self, now: datetime, newest: int) -> bool:
        behind = bool(await self.store.due_rules(newest, None, 1))
        heartbeat = beat(await self.store.heartbeat(), now, behind=behind)
        await self.store.put_heartbeat(heartbeat)
        return behind and now >= heartbeat.judges_from

    async def _judge(self, newest: int) -> None:
        after: KeptRule | None = None
        while page := await self.store.due_rules(newest, after, _PAGE):
            histories: dict[tuple[str, Voice | None], History] = {}
            for kept in page:
                brand, voice = kept.rule.brand, kept.rule.voice
                history = histories.setdefault((brand, voice), History(self.rollups, brand, voice))
                await self._catch_up(kept, history, newest)
            after = page[-1]

    async def _catch_up(self, kept: KeptRule, history: History, newest: int) -> None:
        first = max(kept.standing.judged, newest - MOST_HOURS * HOUR_SECONDS) + HOUR_SECONDS
        for hour in range(first, newest + HOUR_SECONDS, HOUR_SECONDS):
            figures = await history.hour(hour)
            judgement = judge(kept.rule, figures, await history.columns(hour, kept.rule.weeks))
            raised = self._raised(kept, hour, judgement.finding)
            if raised is not None:
                raised = await self._explained(kept.rule, hour, raised)
            standing = _moved_on(kept.standing, hour, judgement, raised)
            if not await self.store.record(kept, standing, raised):
                return
            kept = kept.model_copy(update={"standing": standing})

    def _raised(self, kept: KeptRule, hour: int, finding: Finding | None) -> RaisedAlert | None:
        """Return what is raised: nothing where the rule's last alert of that direction is too near."""
        if finding is None:
            return None
        last = kept.standing.raised.get(finding.direction)
        if last is not None and hour - last <= kept.rule.quiet_hours * HOUR_SECONDS:
            return None
        return RaisedAlert.of(_alert(kept.rule, hour, finding, self.clock.now()), kept.rule.webhook)

    async def _explained(self, rule: AlertRule, hour: int, raised: RaisedAlert) -> RaisedAlert:
        """Return an alert with what carries it; where that cannot be told the alert goes without."""
        if self.explain is None:
            return raised
        try:
            async with asyncio.timeout(EXPLAINED_SECONDS):
                told = await self.explain(rule, hour, raised.alert.direction)
        except Exception as error:  # noqa: BLE001 - an alert is worth more than its explanation
            log.warning("alert.unexplained", error=type(error).__name__)
            return raised
        return raised.model_copy(update={"alert": raised.alert.model_copy(update={"explanation": told})})


def _alert(rule: AlertRule, hour: int, finding: Finding, now: datetime) -> Alert:
    return Alert(
        id=alert_id(rule.brand, rule.name, hour),
        brand=rule.brand,
        rule=rule.name,
        metric=rule.metric,
        direction=finding.direction,
        voice=rule.voice,
        hour=datetime.fromtimestamp(hour, UTC),
        posts=finding.posts,
        value=finding.value,
        expected=finding.expected,
        low=finding.low,
        high=finding.high,
        z=finding.z,
        threshold=rule.threshold,
        raised_at=now,
    )


def _moved_on(standing: Standing, hour: int, judgement: Judgement, raised: RaisedAlert | None) -> Standing:
    latest = {} if raised is None else {raised.alert.direction: hour}
    return Standing(judged=hour, state=judgement.state, missing=judgement.missing, raised={**standing.raised, **latest})
