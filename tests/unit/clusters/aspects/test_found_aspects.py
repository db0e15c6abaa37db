"""Aspects found in planted posts."""

import random
from typing import Any

import pyarrow as pa
import pytest

from services.clusters.aspects.aspect import AspectKind, JudgedAspect, Verdict
from services.clusters.aspects.found_aspects import aspects_of
from services.clusters.posts import PostTable
from services.clusters.worker.worker import quietly
from tests.unit.clusters.posts.rows import row, table_of_posts

BAD: dict[str, Any] = {"label": "negative", "score": 0.1}
GOOD: dict[str, Any] = {"label": "positive", "score": 0.9}
BAGS, SEATS, CREW = [1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]


def post(number: int, person: int, words: str, direction: list[float] | None, **more: Any) -> dict[str, Any]:
    """Return a post; its other words are its own, so that no words stand together by habit."""
    text = (
        " ".join(f"{word} own{number}x{place}" for place, word in enumerate(words.split()))
        + f" other{number} more{number}"
    )
    version = None if direction is None else "made-up/1"
    return row(number, person, 24 * (person % 2), text=text, embedding=direction, embedding_version=version, **more)


def opinions() -> list[dict[str, Any]]:
    """Return posts of 40 people: luggage is blamed, crew is praised, and seats are both."""
    rows = [post(person, person, ("luggage", "suitcase")[person // 2 % 2], BAGS, **BAD) for person in range(20)]
    rows += [post(100 + person, person, "legroom", SEATS, **(BAD if person % 2 else GOOD)) for person in range(18)]
    rows += [post(200 + person, person, "crew", CREW, category="staff", **GOOD) for person in range(20, 40)]
    return rows + [post(300 + person, person, "rareword luggage", None, **BAD) for person in range(4)]


def found(rows: list[dict[str, Any]], members: pa.Table | None = None, examples: int = 0) -> dict[str, JudgedAspect]:
    """Return the aspects by name."""
    items, _ = aspects_of(quietly, PostTable.of_pages([table_of_posts(rows)]).table, members, examples)
    return {one.name: one for one in items}


def test_what_is_blamed_and_what_is_praised_is_told() -> None:
    """By more people than chance; what as many praise as blame is mixed."""
    aspects = found(opinions())
    assert aspects["luggage"].verdict is Verdict.BLAMED
    assert aspects["luggage"].mean_score == pytest.approx(0.1)
    assert aspects["crew"].verdict is Verdict.PRAISED
    assert aspects["legroom"].verdict is Verdict.MIXED
    assert (aspects["legroom"].positive, aspects["legroom"].negative) == (9, 9)


def test_terms_that_mean_alike_are_one_aspect() -> None:
    """A suitcase is luggage by the embeddings of the posts, though no post has both words."""
    aspects = found(opinions())
    assert "suitcase" in aspects["luggage"].terms
    assert "suitcase" not in aspects
    assert (aspects["luggage"].people, aspects["luggage"].posts) == (20, 24)


def test_labels_of_the_category_set_are_aspects_of_their_own() -> None:
    """Where posts have a category."""
    staff = found(opinions())["staff"]
    assert (staff.kind, staff.people, staff.verdict) == (AspectKind.CATEGORY, 20, Verdict.PRAISED)


def test_of_fewer_than_five_people_nothing_is_told() -> None:
    """Neither a term of four people, nor the count of four who praise what others blame, nor an example of it."""
    rows = opinions()
    rows += [post(400 + person, 30 + person, "luggage", None, **GOOD) for person in range(4)]
    aspects = found(rows, examples=2)
    assert "rareword" not in {term for one in aspects.values() for term in one.terms}
    luggage = aspects["luggage"]
    assert (luggage.positive, luggage.negative) == (None, None)
    assert luggage.verdict is Verdict.BLAMED


def test_the_trend_is_of_the_later_half_against_the_earlier() -> None:
    """None where either half is of few people."""
    rows = opinions()
    for one in rows:
        if "crew" in one["text"] and one["hour"].day == 25:
            one["score"] = 0.7
    aspects = found(rows)
    assert aspects["crew"].trend == pytest.approx(-0.2)
    assert found([one for one in rows if one["hour"].day == 24])["crew"].trend is None


def test_examples_are_of_different_people_and_say_it_most_clearly() -> None:
    """Only where they are asked for; none is sensitive."""
    rows = opinions()
    clear = next(one for one in rows if "crew" in one["text"])
    clear["score"] = 0.99
    aspects = found(rows, examples=2)
    assert aspects["crew"].examples[0].post_key == clear["post_key"]
    assert len({one.text for one in aspects["crew"].examples}) == 2
    assert not found(rows)["crew"].examples
    for one in rows:
        one["text"] = f"{one['text']} after the church"
    assert not any(one.examples for one in found(rows, examples=2).values())


def test_a_segment_has_aspects_of_its_own_posts() -> None:
    """Those of others do not count; what all of the segment write about is an aspect all the same."""
    members = pa.table({"author_key": [f"{person:032x}" for person in range(20, 40)]})
    aspects = found(opinions(), members)
    assert "luggage" not in aspects
    assert aspects["crew"].people == 20


def test_the_order_of_posts_changes_nothing() -> None:
    """Shuffled posts give the same answer."""
    rows = opinions()
    random.Random(5).shuffle(rows)  # noqa: S311 - an order, no secret
    assert found(rows) == found(opinions())


def test_without_opinions_a_sentence_says_so() -> None:
    """No post at all, none with an opinion, or none by the segment."""
    for rows, members in (
        ([], None),
        ([row(number, number, text="plain words") for number in range(9)], None),
        (opinions(), pa.table({"author_key": pa.array([], pa.string())})),
    ):
        items, note = aspects_of(quietly, PostTable.of_pages([table_of_posts(rows)]).table, members, 0)
        assert items == []
        assert note is not None


def test_nothing_is_told_of_a_sensitive_segment_and_no_sensitive_aspect() -> None:
    """A word of religion is no aspect of the brand; people who write about little else have none."""
    rows = [row(number, number, text="church prayer mosque", **BAD) for number in range(20)]
    rows += [row(100 + number, number + 20, text="luggage belt", **BAD) for number in range(20)]
    assert set(found(rows)) <= {"luggage", "belt", "luggage belt"}
    assert found(rows)
    devout = pa.table({"author_key": [f"{person:032x}" for person in range(20)]})
    assert found(rows, devout) == {}


def test_praise_is_told_beside_much_more_blame() -> None:
    """Forty things that many people blame do not push out the one that few praise."""
    rows = [
        post(thing * 100 + person, person, f"thing{chr(97 + thing % 26)}{chr(97 + thing // 26)}", None, **BAD)
        for thing in range(40)
        for person in range(12)
    ]
    rows += [post(9000 + person, 20 + person, "crew", None, **GOOD) for person in range(10)]
    aspects = found(rows)
    assert len(aspects) < 40
    assert aspects["crew"].verdict is Verdict.PRAISED
