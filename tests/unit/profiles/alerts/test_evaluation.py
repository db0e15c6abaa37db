"""Which hours are judged, when, and what is raised."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.profiles.alerts.alert import Alert, RaisedAlert, alert_id
from services.profiles.alerts.evaluation import finished_hour
from shared.clock import SKEW
from tests.unit.profiles.alerts.brand_hours import HOUR, WEEK
from tests.unit.profiles.alerts.conftest import DELAY, Watch


async def test_an_hour_out_of_the_ordinary_is_raised(watch: Watch) -> None:
    """With what it had, what was expected, and its way to the webhook."""
    watch.hours.weeks_before(watch.hour, 100)
    watch.hours.have(watch.hour, 200)
    await watch.rule(webhook="desk")
    await watch.finish()
    (found,) = await watch.raised()
    assert found == RaisedAlert.of(
        Alert(
            id=alert_id("acme", "volume", watch.hour),
            brand="acme",
            rule="volume",
            metric="posts",
            direction="above",
            voice=None,
            hour=datetime.fromtimestamp(watch.hour, UTC),
            posts=200,
            value=200,
            expected=100,
            low=65,
            high=135,
            z=10,
            threshold=3.5,
            raised_at=watch.clock.now(),
        ),
        webhook="desk",
    )


async def test_an_hour_is_judged_once_it_has_finished(watch: Watch) -> None:
    """Not before ten minutes after its end, and posts that come later raise nothing."""
    watch.hours.weeks_before(watch.hour, 100)
    watch.hours.have(watch.hour, 200)
    await watch.rule()
    await watch.clock.advance(HOUR - 1)
    await watch.evaluation.round()
    assert await watch.raised() == []
    watch.hours.have(watch.hour, 100)
    await watch.clock.advance(1)
    await watch.evaluation.round()
    watch.hours.have(watch.hour, 200)
    await watch.evaluation.round()
    assert await watch.raised() == []


async def test_a_rule_judges_no_hour_from_before_it_was_made(watch: Watch) -> None:
    """What had finished then is history."""
    watch.hours.weeks_before(watch.hour - HOUR, 100)
    watch.hours.have(watch.hour - HOUR, 900)
    await watch.rule()
    await watch.evaluation.round()
    assert await watch.raised() == []


async def test_many_replicas_raise_once(watch: Watch) -> None:
    """Rounds at the same moment come to one alert."""
    watch.hours.weeks_before(watch.hour, 100)
    watch.hours.have(watch.hour, 200)
    await watch.rule(webhook="desk")
    await watch.clock.advance(HOUR)
    await asyncio.gather(*[watch.evaluation.round() for _ in range(6)])
    assert await watch.hours_raised() == [0]


async def test_a_direction_is_quiet_for_some_hours_after_an_alert(watch: Watch) -> None:
    """Six by default, counted from hour to hour; the other direction is not quiet."""
    for hour in range(9):
        watch.hours.weeks_before(watch.hour + hour * HOUR, 100)
        watch.hours.have(watch.hour + hour * HOUR, 0 if hour == 3 else 200)
    await watch.rule()
    await watch.finish(9)
    assert await watch.hours_raised() == [0, 3, 7]


async def test_without_quiet_hours_every_hour_is_raised(watch: Watch) -> None:
    """Nought is none."""
    for hour in range(3):
        watch.hours.weeks_before(watch.hour + hour * HOUR, 100)
        watch.hours.have(watch.hour + hour * HOUR, 200)
    await watch.rule(quiet_hours=0)
    await watch.finish(3)
    assert await watch.hours_raised() == [0, 1, 2]


async def test_a_rule_learns_until_there_is_history(watch: Watch) -> None:
    """It says what it lacks, raises nothing, and watches from the second week on."""
    watch.hours.have(watch.hour, 5000)
    watch.hours.have(watch.hour - WEEK, 10)
    await watch.rule()
    await watch.finish()
    standing = await watch.standing()
    assert standing.state == "learning"
    assert (standing.missing or "").endswith("there are 1")
    assert await watch.raised() == []
    watch.hours.weeks_before(watch.hour + HOUR, 10, weeks=2)
    await watch.finish()
    standing = await watch.standing()
    assert (standing.state, standing.missing) == ("watching", None)


async def test_a_brand_without_posts_learns(watch: Watch) -> None:
    """A rule may be there before the brand is."""
    await watch.rule()
    await watch.finish()
    standing = await watch.standing()
    assert (standing.state, standing.judged) == ("learning", watch.hour)


async def test_weeks_before_the_first_post_are_no_history(watch: Watch) -> None:
    """A brand that was listened to for two weeks is not compared with two weeks of silence before."""
    watch.hours.weeks_before(watch.hour, 100, weeks=2)
    watch.hours.have(watch.hour, 110)
    await watch.rule()
    await watch.finish()
    assert await watch.raised() == []


async def test_a_rule_looks_at_its_voice_alone(watch: Watch) -> None:
    """The brand's own accounts do not move what others are heard to say."""
    watch.hours.weeks_before(watch.hour, 100)
    watch.hours.have(watch.hour, 100)
    watch.hours.have(watch.hour, 900, voice="internal")
    await watch.rule("outside", voice="external")
    await watch.rule("both")
    await watch.finish()
    assert [found.alert.rule for found in await watch.raised()] == ["both"]


async def test_a_mood_that_turns_is_raised(watch: Watch) -> None:
    """By the share of negative posts, and by the mean score the other way."""
    watch.hours.weeks_before(watch.hour, 100, negative=10)
    watch.hours.have(watch.hour, 100, negative=60)
    await watch.rule("share", metric="negative_share", direction="above")
    await watch.rule("score", metric="mean_score", direction="below")
    await watch.finish()
    found = sorted((one.alert.rule, one.alert.direction, one.alert.value) for one in await watch.raised())
    assert found == [("score", "below", 0.4), ("share", "above", 0.6)]


async def test_many_rules_of_a_brand_read_its_hours_once(watch: Watch) -> None:
    """Forty rules cost the store of profiles no more reads than one."""
    await watch.rule()
    await watch.finish()
    once, watch.hours.asked = watch.hours.asked, 0
    for n in range(39):
        await watch.rule(f"rule-{n}")
    await watch.finish()
    assert watch.hours.asked == once > 0


async def test_brands_do_not_mix(watch: Watch) -> None:
    """Each is compared with its own hours, in one round."""
    for brand in ("acme", "bcme", "ccme"):
        watch.hours.weeks_before(watch.hour, 100, brand=brand)
        watch.hours.have(watch.hour, 200 if brand == "bcme" else 100, brand=brand)
        await watch.rule(brand=brand)
    await watch.finish()
    assert [await watch.hours_raised(brand) for brand in ("acme", "bcme", "ccme")] == [[], [0], []]


async def test_more_rules_than_a_page_are_all_judged(watch: Watch) -> None:
    """However many brands have one."""
    for n in range(103):
        await watch.rule(brand=f"brand-{n}")
    await watch.finish()
    assert await watch.store.due_rules(watch.hour, None, 1000) == []


async def test_old_alerts_are_swept(watch: Watch) -> None:
    """Ninety days after they were raised."""
    watch.hours.weeks_before(watch.hour, 100)
    watch.hours.have(watch.hour, 200)
    await watch.rule()
    await watch.finish()
    await watch.miss(90 * 24)
    await watch.evaluation.round()
    assert await watch.hours_raised() == [0]
    await watch.finish()
    assert await watch.hours_raised() == []


@pytest.mark.parametrize(
    ("now", "hour"), [((12, 9), 10), ((12, 10), 11), ((12, 59), 11), ((13, 9), 11), ((13, 10), 12)]
)
def test_an_hour_has_finished_ten_minutes_after_its_end(now: tuple[int, int], hour: int) -> None:
    """The hour from eleven at ten past twelve."""
    moment = datetime(2026, 3, 2, *now, tzinfo=UTC)
    assert finished_hour(moment, DELAY) == int(datetime(2026, 3, 2, hour, tzinfo=UTC).timestamp())
    assert finished_hour(moment + timedelta(hours=1), DELAY) == finished_hour(moment, DELAY) + HOUR


@pytest.mark.parametrize("ahead", [timedelta(days=365), timedelta(hours=5), timedelta(days=-2)])
async def test_a_clock_that_was_wrong_once_stops_no_alert(watch: Watch, ahead: timedelta) -> None:
    """After hours by a wrong clock a rule judges the hours that finish from then on, and raises what is unusual."""
    for hour in range(5):
        watch.hours.weeks_before(watch.hour + hour * HOUR, 100)
        watch.hours.have(watch.hour + hour * HOUR, 200)
    await watch.rule(quiet_hours=0)
    watch.clock.set_ahead(ahead)
    await watch.finish(3)
    watch.clock.set_ahead(-ahead)
    await watch.finish(2)
    assert watch.hour + 4 * HOUR in [int(found.alert.hour.timestamp()) for found in await watch.raised()]
    assert (await watch.standing()).judged == watch.hour + 4 * HOUR
    assert all(found.alert.raised_at <= watch.clock.now() + SKEW for found in await watch.raised())
