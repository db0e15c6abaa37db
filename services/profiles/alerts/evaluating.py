"""The round that judges hours which have finished, and raises what is out of the ordinary."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.profiles.alerts.alert import KEPT_DAYS, Alert, Delivery, RaisedAlert, alert_id
from services.profiles.alerts.detection import Finding, Judgement, judge
from services.profiles.alerts.heartbeat import beat
from services.profiles.alerts.history import History, Rollups
from services.profiles.alerts.rule import KeptRule, Rule, Standing
from services.profiles.alerts.stores.base import AlertStore
from services.profiles.folding import HOUR_SECONDS
from shared.analyzed_post import Voice
from shared.clock import Clock

MOST_HOURS: Final = 24
"""Hours that a rule catches up with after an outage; those before are never judged."""
_PAGE: Final = 100
_SWEPT: Final = 1000


def finished_hour(now: datetime, delay: timedelta) -> int:
    """Return the latest hour (Unix seconds of its beginning) that ended `delay` ago or more."""
    seconds = int((now - delay).timestamp())
    return seconds - seconds % HOUR_SECONDS - HOUR_SECONDS


@dataclass(frozen=True)
class Evaluation:
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

    async def round(self) -> None:
        """Judge what is due, and sweep alerts that are older than 90 days. Raises as the stores do.

        What an hour had when it was judged is what counts: posts that come later change no judgement.
        """
        now = self.clock.now()
        newest = finished_hour(now, self.delay)
        if await self._may_judge(now, newest):
            await self._judge(newest)
        before = now - timedelta(days=KEPT_DAYS)
        while await self.store.sweep(before, _SWEPT) == _SWEPT:
            pass

    async def _may_judge(self, now: datetime, newest: int) -> bool:
        behind = bool(await self.store.due_rules(newest, None, 1))
        heartbeat = beat(await self.store.heartbeat(), now, behind=behind)
        await self.store.put_heartbeat(heartbeat)
        return behind and now >= heartbeat.judges_from

    async def _judge(self, newest: int) -> None:
        after: tuple[str, str] | None = None
        histories: dict[Voice | None, History] = {}
        while page := await self.store.due_rules(newest, after, _PAGE):
            for kept in page:
                rule = kept.rule
                if after is None or after[0] != rule.brand:
                    histories = {}
                after = (rule.brand, rule.name)
                history = histories.setdefault(rule.voice, History(self.rollups, rule.brand, rule.voice))
                await self._catch_up(kept, history, newest)

    async def _catch_up(self, kept: KeptRule, history: History, newest: int) -> None:
        first = max(kept.standing.judged, newest - MOST_HOURS * HOUR_SECONDS) + HOUR_SECONDS
        for hour in range(first, newest + HOUR_SECONDS, HOUR_SECONDS):
            figures = await history.hour(hour)
            judgement = judge(kept.rule, figures, await history.columns(hour, kept.rule.weeks))
            raised = self._raised(kept, hour, judgement.finding)
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
        now = self.clock.now()
        alert = _alert(kept.rule, hour, finding, now)
        if kept.rule.webhook is None:
            return RaisedAlert(alert=alert)
        return RaisedAlert(alert=alert, delivery=Delivery(webhook=kept.rule.webhook, due_at=now, leased_until=now))


def _alert(rule: Rule, hour: int, finding: Finding, now: datetime) -> Alert:
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
    told = {} if raised is None else {raised.alert.direction: hour}
    return Standing(judged=hour, state=judgement.state, missing=judgement.missing, raised={**standing.raised, **told})
