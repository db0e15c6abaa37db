"""What the Graph API's headers, errors, pages and fields mean, whatever they hold."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.ingest.sources.fields import UNKNOWN_AUTHOR, author_of, count_of, id_of, text_of, time_of
from services.ingest.sources.meta.connection import page_of
from services.ingest.sources.meta.errors import MOST_SECONDS, GraphErrorKind, asked_pause, fault_of
from services.ingest.sources.meta.settings import GraphAccess
from services.ingest.sources.network.backlog import SeenIds
from services.ingest.sources.settings import read_secret

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "data", "error", "code", "paging", "cursors", "after"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@given(ANYTHING, st.integers(200, 599))
def test_any_answer_is_read_as_something(value: Any, status: int) -> None:
    """Whatever the decoded body, reading it as an error, a page or an object raises nothing."""
    fault_of(status, value)
    for item in [value, {"id": value, "data": value, "paging": value, "from": value}]:
        if isinstance(item, dict):
            page_of(item)
            id_of(item)
            text_of(item, "data")
            time_of(item, "data")
            assert count_of(item, "paging", "cursors") >= 0
    assert author_of(value)["id"]


@given(st.text(max_size=40) | ANYTHING.map(lambda value: json.dumps({"call_count": value, "x": [value]})))
def test_any_usage_header_gives_a_pause_within_bounds(words: str) -> None:
    """Nonsense in a header neither raises nor stops the source for longer than an hour."""
    assert 0 <= asked_pause({"x-app-usage": words, "x-business-use-case-usage": words}) <= MOST_SECONDS


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, 0),
        ({"x-app-usage": '{"call_count": 89}'}, 0),
        ({"x-app-usage": '{"total_cputime": 90}'}, 300),
        ({"x-page-usage": '{"total_time": 100}'}, 300),
        ({"x-business-use-case-usage": '{"1": [{"call_count": 1, "estimated_time_to_regain_access": 2}]}'}, 120),
        ({"x-business-use-case-usage": '{"1": [{"estimated_time_to_regain_access": 999}]}'}, MOST_SECONDS),
    ],
)
def test_usage_headers_are_read(headers: dict[str, str], pause: float) -> None:
    """Each header's figures count, and the time to regain access goes before our own pause."""
    assert asked_pause(headers) == pause


def test_a_page_of_html_is_a_passing_trouble_and_a_429_a_limit() -> None:
    """What is no JSON says nothing of what was asked for; the status still counts."""
    assert fault_of(404, None) is not None
    assert [fault.kind for status in (404, 502, 200, 429) if (fault := fault_of(status, None))] == [
        GraphErrorKind.PASSING,
        GraphErrorKind.PASSING,
        GraphErrorKind.PASSING,
        GraphErrorKind.LIMIT,
    ]
    assert fault_of(200, {"data": []}) is None


def test_an_author_is_the_id_alone_or_nobody() -> None:
    """Names are not taken over; without `from` the author is the one that stands for all who are not told."""
    assert author_of({"id": "9007199254740993", "name": "Ana"}) == {"id": "9007199254740993"}
    assert author_of({"id": 9007199254740993}) == {"id": "9007199254740993"}
    assert author_of(None) == author_of({"name": "Ana"}) == {"id": UNKNOWN_AUTHOR}


def test_a_time_without_a_zone_is_utc() -> None:
    """The API's own form is read, and one without a zone."""
    expected = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert time_of({"at": "2026-03-02T12:00:00+0000"}, "at") == expected
    assert time_of({"at": "2026-03-02T12:00:00"}, "at") == expected


def test_what_was_seen_long_ago_is_forgotten() -> None:
    """The memory has a bound, and the oldest goes first."""
    seen = SeenIds(most=100)
    assert all(seen.is_new(str(number)) for number in range(101))
    assert not seen.is_new("100")
    assert seen.is_new("0")


def test_nothing_shows_a_token() -> None:
    """What opens the API does not print its secrets."""
    access = GraphAccess("http://127.0.0.1", SecretStr("topsecret"), "V", SecretStr("moresecret"))
    assert "secret'" not in repr(access).replace("SecretStr('**********')", "")
    assert "topsecret" not in repr(access)
    assert read_secret("V", None, None) is None
