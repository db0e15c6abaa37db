"""Rules: which posts they fit, and which rules are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.ingest.identity import Pseudonymizer
from services.ingest.replies.reply_rule import Traits
from services.ingest.replies.ticket import TICKET_LENGTH, ticket_id, ticket_key
from tests.unit.ingest.replies.replies import a_rule

ANGRY = Traits(platform="x", score=0.1, language="en", followers=100)


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"platforms": ["mastodon"]}, False),
        ({"platforms": ["mastodon", "x"]}, True),
        ({"sentiment_below": 0.1}, False),
        ({"sentiment_below": 0.11}, True),
        ({"languages": ["de"]}, False),
        ({"languages": ["de", "en"]}, True),
        ({"min_followers": 101}, False),
        ({"min_followers": 100, "max_followers": 100}, True),
        ({"max_followers": 99}, False),
        ({"sentiment_below": None, "categories": ["late"]}, True),
    ],
)
def test_a_rule_fits_where_all_of_its_conditions_hold(changes: dict[str, Any], fits: bool) -> None:  # noqa: FBT001 - a parameter
    """Bounds: the score must be below, followers within; what is not asked does not matter."""
    assert a_rule(**changes).fits(ANGRY) is fits


@pytest.mark.parametrize("changes", [{"min_followers": 0}, {"max_followers": 10}, {"languages": ["en"]}, {}])
def test_what_is_unknown_fits_nothing(changes: dict[str, Any]) -> None:
    """A post of which a rule's condition knows nothing is not answered."""
    assert not a_rule(**changes).fits(Traits("x", None, None, None))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sentiment_below": None}, "must not answer every post"),
        ({"min_followers": 2, "max_followers": 1}, "min_followers must not be above"),
        ({"platforms": ["web"]}, "platforms: replies are possible on"),
        ({"platforms": []}, "platforms"),
        ({"sentiment_below": float("nan")}, "sentiment_below"),
        ({"sentiment_below": 0}, "sentiment_below"),
        ({"template": "{{ author }}"}, "template: line 1"),
        ({"template": "x" * 281}, "template: the reply counts 281 of the 280 characters that x takes"),
        ({"template": "   "}, "template: the reply is blank"),
        ({"categories": ["c" * 60], "template": "{{ category }}" * 5}, "template: the reply counts 300"),
        ({"brand": "No Slug"}, "brand"),
        ({"name": "../x"}, "name"),
        ({"approval": "never"}, "approval"),
        ({"category_set": "No Slug"}, "category_set"),
        ({"languages": ["english"]}, "languages"),
    ],
)
def test_a_rule_that_will_not_do_is_refused(changes: dict[str, Any], sentence: str) -> None:
    """The sentence names the field; a template is filled in once with the longest facts there can be."""
    with pytest.raises(ValidationError, match=sentence):
        a_rule(**changes)


def test_a_ticket_id_is_deterministic_and_keyed() -> None:
    """The same post and brand have the same id; another brand, post or key has another; it links with no post key."""
    one, other = Pseudonymizer(b"k" * 32), Pseudonymizer(b"o" * 32)
    ticket = ticket_id(one, "aerolume", "x", "1")
    assert ticket == ticket_id(one, "aerolume", "x", "1")
    assert len(ticket) == TICKET_LENGTH
    assert ticket.startswith("VP-")
    others = {
        ticket_id(one, "other", "x", "1"),
        ticket_id(one, "aerolume", "x", "2"),
        ticket_id(one, "aerolume", "mastodon", "1"),
        ticket_id(other, "aerolume", "x", "1"),
    }
    assert len(others | {ticket}) == 5


def test_a_ticket_is_stored_by_a_key_of_its_own() -> None:
    """The key belongs to the post and the brand, and shares no digits with the public id."""
    one = Pseudonymizer(b"k" * 32)
    key = ticket_key(one, "aerolume", "x", "1")
    assert key == ticket_key(one, "aerolume", "x", "1")
    others = {
        ticket_key(one, "other", "x", "1"),
        ticket_key(one, "aerolume", "x", "2"),
        one.own_key("ticket:aerolume", "x", "1"),
        one.own_key("reply", "x", "1"),
    }
    assert key not in others
    assert one.post_key("x", "1") != one.own_key("reply", "x", "1") != one.own_key("reply author", "x", "1")
