"""The people and things that posts name, and which are not shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics import mentions
from services.profiles.analytics.mentions import KINDS as KINDS_OF_TERMS
from services.profiles.analytics.mentions import Kind, TermKey, occurrences_of
from services.profiles.analytics.top_entities import entities, most_named
from services.profiles.analytics.trends import candidates
from services.profiles.analytics.window import HourWindow
from shared.analysis import EntityType
from shared.analyzed_post import AnalyzedPost
from shared.words import folded_name
from tests.unit.profiles.analytics.mentioning import named, said
from tests.unit.profiles.analytics.shelf import Shelf
from tests.unit.profiles.posts import START, analysis, post


def shown(posts: list[AnalyzedPost]) -> list[tuple[str, int, int]]:
    """Return name, posts and authors of each entity shown."""
    return [(name, one.posts, one.authors) for name, one in most_named(posts, None, 100)]


def test_spellings_are_one_entity() -> None:
    """Spellings that differ in case are one entity of its type, shown as most write it; a post counts once."""
    posts = [
        said(1, None, 1, 0.25, named("Heathrow", "location"), named("HEATHROW", "location")),
        said(2, None, 1, 0.75, named("heathrow.", "location")),
        said(3, None, 2, None, named("Heathrow", "location")),
        *(said(4, None, author, 0.5, named("Heathrow", "organisation")) for author in (1, 2)),
    ]
    [(name, place), (_, company)] = most_named(posts, None, 100)
    assert (place.term.type, name, place.posts, place.authors) == ("location", "Heathrow", 3, 2)
    assert (place.scored_posts, place.mean_score) == (2, 0.5)
    assert (company.term.type, company.posts) == ("organisation", 2)
    assert [one.term.type for _, one in most_named(posts, "organisation", 100)] == ["organisation"]
    assert len(most_named(posts, None, 1)) == 1


def test_a_person_whom_few_named_is_not_shown() -> None:
    """A person's name is shown from five authors on, however many posts the fewer wrote."""
    few = [said(number, None, number % 4, 0.5, named("Jane Roe", "person")) for number in range(40)]
    assert shown(few) == []
    assert shown([*few, said(99, None, 4, 0.5, named("jane roe", "person"))]) == [("Jane Roe", 41, 5)]


def test_a_person_is_not_shown_as_something_else() -> None:
    """A name that the model once read as a person's needs five authors whatever else it was read as."""
    posts = [
        said(1, None, 1, 0.5, named("Roe", "organisation")),
        said(2, None, 2, 0.5, named("Jane Roe", "person")),
        said(3, None, 3, 0.5, named("Roe", "organisation")),
        *(said(4 + author, None, author, 0.5, named("Acme", "organisation")) for author in (1, 2)),
    ]
    assert shown(posts) == [("Acme", 2, 2)]


def test_what_one_author_alone_named_is_not_shown() -> None:
    """An entity of any type needs two authors, however many posts the one wrote."""
    alone = [said(number, None, 1, 0.5, named("Acme", "organisation")) for number in range(9)]
    assert shown(alone) == []
    assert shown([*alone, said(9, None, 2, 0.5, named("Acme", "organisation"))]) == [("Acme", 10, 2)]


@pytest.mark.parametrize(
    "form",
    ["Doe, Jane", "Dr Jane Doe", "Jane Doe's", "Jane Doe\u2019s", "Jane Doe-Smith", "Ms. Doe", "JANE", "J\u00e4ne Doe"],
)
@pytest.mark.parametrize("kind", ["location", "organisation", "product", "work"])
def test_no_form_of_a_persons_name_is_shown_by_few(form: str, kind: EntityType) -> None:
    """Another form of a person's name, whatever it was read as, is shown from five authors on."""
    person = said(0, None, 9, 0.5, named("Jane Doe", "person"))
    posts = [said(number, None, number, 0.5, named(form, kind)) for number in range(1, 6)]
    assert shown([person, *posts[:4]]) == []
    assert [authors for _, _, authors in shown([person, *posts])] == [5]


def test_entities_are_folded_a_few_times_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work of entities and of trends grows with the entities of a post, not with their square."""
    folds = 0

    def counting(name: str) -> str:
        nonlocal folds
        folds += 1
        return folded_name(name)

    monkeypatch.setattr(mentions, "folded_name", counting)
    names = [named(f"Place {chr(97 + number % 26)}{chr(97 + number // 26)}", "location") for number in range(300)]
    posts = [said(number, None, number, 0.5, *names) for number in range(5)]
    assert (len(shown(posts)), len(candidates(posts, KINDS_OF_TERMS))) == (100, 300)
    assert folds <= 2 * 2 * len(posts) * len(names)


def test_placeholders_are_no_entities() -> None:
    """A name that is nothing but what cleaning put there, or far too long, is none."""
    names = [named("@user", "person"), named("http", "product"), named("...", "work"), named("x" * 101, "work")]
    assert shown([said(number, None, number, 0.5, *names) for number in range(9)]) == []


def test_scores_of_languages_that_the_model_does_not_know_stay_out() -> None:
    """A post whose language is not supported is counted without its score."""
    known = analysis(0.9, "ja", entities=[named("Acme", "product")], supported_language=False)
    [(_, found)] = most_named([post(1, 1, 0, known), post(2, 2, 0, known)], None, 9)
    assert (found.posts, found.scored_posts, found.mean_score) == (2, 0, None)


async def test_an_answer_says_what_it_looked_at() -> None:
    """The answer states its time and how many posts were looked at, of how many."""
    start = int(START.timestamp())
    shelf = Shelf([said(number, None, number, 0.5, named("Acme", "product")) for number in range(3)])
    found = await entities(shelf.store, "acme", HourWindow(start, start + 3600), None, None, 5)
    assert (found.posts_looked_at, found.posts_in_all, found.items[0].posts) == (3, 3, 3)


KINDS: list[EntityType] = ["person", "location", "organisation"]
NAMES = st.builds(named, st.sampled_from(["Ann Lee", "ann", "Lee", "Rome", "ROME", "Acme"]), st.sampled_from(KINDS))
SAID = st.lists(
    st.builds(said, st.integers(0, 99), st.just("Ann Lee of #annlee in Rome"), st.integers(1, 7), st.just(0.5), NAMES),
    max_size=20,
)


@given(SAID)
def test_no_person_of_few_authors_is_ever_shown(posts: list[AnalyzedPost]) -> None:
    """Whatever is posted, an entity of a type person has five authors, and figures are those of its posts."""
    places = occurrences_of(posts, frozenset[Kind]({"entity"}))
    for _, mention in most_named(posts, None, 100):
        found = [posts[position] for position in places[TermKey("entity", mention.term.text, mention.term.type)]]
        assert mention.posts == len(found)
        assert mention.authors == len({one.author_key for one in found})
        assert mention.authors >= (5 if mention.term.type == "person" else 2)
