"""What trends against a baseline, and what does not."""

from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics.mentions import KINDS, Kind
from services.profiles.analytics.persons import names_in
from services.profiles.analytics.trends import candidates, posts_with, ranked, shown, trending
from services.profiles.analytics.window import HourWindow
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.analytics.mentioning import named, said
from tests.unit.profiles.analytics.shelf import Shelf
from tests.unit.profiles.posts import START

HOUR = 3600
BASE = int(START.timestamp())
USUAL = "the crew was kind to @user http"


def usual(first: int, many: int) -> list[AnalyzedPost]:
    """Return so many posts of nothing new, each by an author of its own."""
    return [said(first + number, USUAL, first + number) for number in range(many)]


def bursting(text: str, authors: int, posts: int = 20) -> list[AnalyzedPost]:
    """Return posts that all say something, by so many authors."""
    return [said(5000 + number, f"{text} {USUAL}", 5000 + number % authors, 0.1) for number in range(posts)]


def trends(window: list[AnalyzedPost], before: list[AnalyzedPost], kinds: frozenset[Kind] = KINDS) -> list[str]:
    """Return the names of what trends."""
    found = candidates(window, kinds)
    counts = posts_with(before, [mention.term for _, mention in found], kinds)
    items = ranked(found, len(window), counts, len(before))
    return [trend.name for trend in shown(items, names_in(window) | names_in(before), 100)]


def test_what_is_new_trends() -> None:
    """A word and a hashtag that were not there before trend; words that always are there and placeholders do not."""
    window = usual(0, 80) + bursting("strike #StrikeNow", 10)
    assert trends(window, usual(1000, 500)) == ["#strikenow", "strike"]
    assert trends(window, usual(1000, 500), frozenset({"term"})) == ["strike"]
    assert trends(window, usual(1000, 500), frozenset({"hashtag"})) == ["#strikenow"]


def test_a_busier_day_alone_makes_nothing_trend() -> None:
    """Ten times the usual posts trend no word: shares of posts are compared."""
    assert trends(usual(0, 1000), usual(1000, 100)) == []


def test_few_authors_or_few_posts_are_no_trend() -> None:
    """Two authors' repetitions do not trend, nor do four posts; three authors with five posts may."""
    before = usual(1000, 3000)
    assert trends(usual(0, 80) + bursting("spam", 2, 50), before) == []
    assert trends(usual(0, 8) + bursting("rumour", 4, 4), before) == []
    assert trends(usual(0, 8) + bursting("rumour", 3, 5), before) == ["rumour"]


def test_without_a_baseline_nothing_trends() -> None:
    """A brand without a past has nothing that is more frequent than before."""
    assert trends(bursting("strike", 10), []) == []
    assert trends([], usual(0, 10)) == []


def test_a_person_whom_few_named_does_not_trend() -> None:
    """Neither the name nor its words nor its hashtag trends before five authors wrote it."""

    def naming(authors: int) -> list[AnalyzedPost]:
        return [
            said(number, "Jane Roe #JaneRoe again", number % authors, 0.5, named("Jane Roe", "person"))
            for number in range(40)
        ]

    before = usual(1000, 500)
    assert trends(naming(4), before) == ["again"]
    assert set(trends(naming(5), before)) == {"again", "Jane Roe", "jane", "roe", "#janeroe"}


async def test_a_person_of_the_baseline_does_not_trend() -> None:
    """A name that only posts before the window show to be a person's needs five authors in the window too."""

    async def found(authors: int) -> set[str]:
        window = [
            said(number, "news of Ms. Roe #TeamJaneRoe", number % authors, 0.5, named("Roe, Jane", "work"))
            for number in range(40)
        ]
        past = [said(900, "Jane Roe", 900, 0.5, named("Jane Roe", "person")), *usual(1000, 500)]
        posts = [one.model_copy(update={"hour": START.replace(hour=1)}) for one in window] + past
        trends = await trending(
            Shelf(posts).store, "acme", HourWindow(BASE + HOUR, BASE + 2 * HOUR), HourWindow(BASE, BASE + HOUR)
        )
        return {trend.term for trend in trends.items}

    assert await found(4) == {"news", "of", "ms"}
    assert await found(5) == {"news", "of", "ms", "roe", "#teamjaneroe", "Roe, Jane"}


@given(
    st.lists(st.sampled_from(["strike", "delay", "bags late", "#late", "航班延误"]), max_size=40), st.integers(0, 60)
)
def test_any_posts_are_ranked(texts: list[str], before: int) -> None:
    """Of any posts, what trends is more frequent than before, each once, the surest first."""
    window = [said(number, text, number) for number, text in enumerate(texts)]
    past = [said(number, text, number) for number, text in enumerate(texts[: before // 2])] + usual(100, before)
    found = candidates(window, KINDS)
    counts = posts_with(past, [mention.term for _, mention in found], KINDS)
    items = ranked(found, len(window), counts, len(past))
    assert [trend.score for trend in items] == sorted((trend.score for trend in items), reverse=True)
    assert len({trend.mention.term for trend in items}) == len(items)
    for trend in items:
        assert trend.mention.posts * len(past) > trend.baseline_posts * len(window)


async def test_an_answer_says_what_was_compared() -> None:
    """The answer has both times, what was looked at of each, and of each term its shares and mean score."""
    past = [one.model_copy(update={"hour": START}) for one in usual(1000, 300)]
    now = [one.model_copy(update={"hour": START.replace(hour=1)}) for one in usual(0, 80) + bursting("#StrikeNow", 10)]
    window, baseline = HourWindow(BASE + HOUR, BASE + 2 * HOUR), HourWindow(BASE, BASE + HOUR)
    found = await trending(Shelf(past + now).store, "acme", window, baseline, limit=5)
    answer = found.model_dump(by_alias=True, mode="json")
    assert (answer["from"], answer["to"]) == ("2015-02-24T01:00:00Z", "2015-02-24T02:00:00Z")
    assert (answer["posts_looked_at"], answer["posts_in_all"]) == (100, 100)
    assert answer["baseline"] == {
        "from": "2015-02-24T00:00:00Z",
        "to": "2015-02-24T01:00:00Z",
        "posts_looked_at": 300,
        "posts_in_all": 300,
    }
    [item] = answer["items"]
    assert item.pop("score") > 50
    assert item == {
        "kind": "hashtag",
        "type": None,
        "term": "#strikenow",
        "posts": 20,
        "authors": 10,
        "share": 0.2,
        "baseline_share": 0.0,
        "scored_posts": 20,
        "mean_score": 0.1,
    }
