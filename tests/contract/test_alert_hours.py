"""Alerts on the hours that a store of profiles keeps, the same on every store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from services.profiles.alerts.alert_rule import AlertRule
from services.profiles.alerts.evaluation import RuleEvaluation, finished_hour
from services.profiles.alerts.explanation import Explanation
from services.profiles.analytics.deviation import explain
from services.profiles.stores.database import Stores, open_stores
from shared.analyzed_post import AnalyzedPost, Voice
from shared.store_url import MongoUrl, SqliteUrl
from tests.unit.ingest.virtual_clock import VirtualClock
from tests.unit.profiles.posts import analysis, key, post

DELAY = timedelta(minutes=10)
WEEK = timedelta(days=7)
HOUR = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""The hour in which the rules are made."""


@pytest.fixture
async def stores(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[Stores]:
    """Yield empty stores of one database."""
    async with open_stores(store_url, VirtualClock()) as opened:
        yield opened


def posts(first: int, many: int, hour: datetime, score: float, voice: Voice = "external") -> list[AnalyzedPost]:
    """Return posts of an hour, each by an author of its own."""
    numbers = range(first, first + many)
    made = (post(number, number, analyzed=analysis(score), voice=voice) for number in numbers)
    return [one.model_copy(update={"hour": hour}) for one in made]


async def test_what_was_folded_is_judged(stores: Stores) -> None:
    """Volume and mood of external posts, both voices together where none is asked for; late posts change nothing."""
    clock = VirtualClock()
    await clock.advance(DELAY.total_seconds())
    rules = [
        AlertRule(brand="acme", name="volume", metric="posts"),
        AlertRule(brand="acme", name="outside", metric="posts", voice="external"),
        AlertRule(brand="acme", name="mood", metric="negative_share", voice="external"),
        AlertRule(brand="acme", name="score", metric="mean_score", voice="external"),
    ]
    for rule in rules:
        await stores.alerts.put_rule(rule, finished_hour(clock.now(), DELAY))
    for week in range(1, 5):
        await stores.profiles.fold("acme", posts(week * 1000, 30, HOUR - week * WEEK, 0.9))
    await stores.profiles.fold("acme", posts(8000, 30, HOUR, 0.1))
    await stores.profiles.fold("acme", posts(9000, 70, HOUR, 0.9, "internal"))
    evaluation = RuleEvaluation(stores.profiles, stores.alerts, clock, DELAY)
    await evaluation.round()
    await clock.advance(3600)
    await evaluation.round()
    raised = {found.alert.rule: found.alert for found in await stores.alerts.alerts("acme", None, 9)}
    assert sorted(raised) == ["mood", "score", "volume"]
    assert (raised["volume"].value, raised["volume"].direction) == (100, "above")
    assert (raised["mood"].value, raised["mood"].expected) == (1, 0)
    assert raised["score"].value == pytest.approx(0.1)
    await stores.profiles.fold("acme", posts(10_000, 500, HOUR, 0.1))
    await evaluation.round()
    assert len(await stores.alerts.alerts("acme", None, 9)) == 3


async def test_an_alert_says_what_carries_it(stores: Stores) -> None:
    """Terms, entities, segments, languages and platforms with their shares; what four people wrote is in none."""
    clock = VirtualClock()
    await clock.advance(DELAY.total_seconds())
    for rule in (
        AlertRule(brand="acme", name="volume", metric="posts"),
        AlertRule(brand="acme", name="mood", metric="negative_share"),
    ):
        await stores.alerts.put_rule(rule, finished_hour(clock.now(), DELAY))

    def said(first: int, many: int, hour: datetime, text: str, score: float, language: str) -> list[AnalyzedPost]:
        made = (post(first + number, number, analyzed=analysis(score, language), text=text) for number in range(many))
        return [one.model_copy(update={"hour": hour}) for one in made]

    for week in range(1, 5):
        await stores.profiles.fold("acme", said(week * 1000, 30, HOUR - week * WEEK, "good flight", 0.9, "en"))
    await stores.profiles.fold("acme", said(8000, 30, HOUR, "good flight", 0.9, "en"))
    await stores.profiles.fold("acme", said(9000, 60, HOUR, "strike strike", 0.1, "de"))
    await stores.profiles.fold("acme", said(9900, 4, HOUR, "whisper", 0.1, "de"))
    clusters = {key(number): int(number >= 30) for number in range(60)}
    await stores.profiles.stage("acme", "behaviour", "run", clusters)
    await stores.profiles.publish("acme", "behaviour", "run", len(clusters))
    evaluation = RuleEvaluation(stores.profiles, stores.alerts, clock, DELAY, partial(explain, stores.profiles))
    await evaluation.round()
    await clock.advance(3600)
    await evaluation.round()
    raised = {found.alert.rule: found.alert for found in await stores.alerts.alerts("acme", None, 9)}
    for name in ("volume", "mood"):
        told = raised[name].explanation
        assert told is not None
        assert (told.terms[0].name, told.terms[0].posts) == ("strike", 60)
        assert told.terms[0].share == pytest.approx(60 / 64, abs=0.001)
        assert [one.name for one in told.languages] == ["de"]
        assert [(one.name, one.share) for one in told.platforms] == [("x", 1.0)]
        assert {one.name for one in told.segments} == {"behaviour 0", "behaviour 1"}
        assert "whisper" not in told.model_dump_json()
        assert key(1) not in told.model_dump_json()


async def test_an_alert_that_cannot_be_explained_is_raised(stores: Stores) -> None:
    """It goes without an explanation, as those of earlier versions do."""
    clock = VirtualClock()
    await clock.advance(DELAY.total_seconds())
    rule = AlertRule(brand="acme", name="volume", metric="posts")
    await stores.alerts.put_rule(rule, finished_hour(clock.now(), DELAY))
    for week in range(1, 5):
        await stores.profiles.fold("acme", posts(week * 1000, 30, HOUR - week * WEEK, 0.9))
    await stores.profiles.fold("acme", posts(8000, 90, HOUR, 0.9))

    async def broken(*_: object) -> Explanation:
        raise RuntimeError

    evaluation = RuleEvaluation(stores.profiles, stores.alerts, clock, DELAY, broken)
    await evaluation.round()
    await clock.advance(3600)
    await evaluation.round()
    [found] = await stores.alerts.alerts("acme", None, 9)
    assert found.alert.explanation is None
