"""What X says when it does not do what it is asked for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.x.errors import LONGEST_WAIT, classify

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"title": "Invalid Request"}, "refused"),
        (401, {"title": "Unauthorized"}, "credentials"),
        (401, None, "credentials"),
        (402, {"title": "CreditsDepleted"}, "cap"),
        (403, {"reason": "client-not-enrolled"}, "plan"),
        (403, {"errors": [{"code": 453}]}, "plan"),
        (403, {"type": "https://api.twitter.com/2/problems/unsupported-authentication"}, "credentials"),
        (403, {"detail": "no"}, "refused"),
        (403, None, "away"),
        (404, {"title": "Not Found"}, "refused"),
        (408, {}, "away"),
        (429, {"title": "ConnectionException"}, "connections"),
        (429, {"title": "UsageCapExceeded"}, "cap"),
        (429, {"title": "Too Many Requests"}, "rate"),
        (429, None, "rate"),
        (500, {}, "away"),
        (503, None, "away"),
        (307, None, "away"),
    ],
)
def test_answers_are_told_apart(status: int, body: Any, kind: str) -> None:
    """By status, and where that says too little by X's own words."""
    assert classify(status, {}, body, NOW).kind == kind


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, 60),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) + 30)}, 30),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) - 30)}, 1),
        ({"x-rate-limit-reset": str(10**11)}, LONGEST_WAIT),
        ({"x-rate-limit-reset": "soon"}, 60),
        ({"x-rate-limit-reset": "9" * 5000}, 60),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "99999"}, LONGEST_WAIT),
    ],
)
def test_a_429_says_how_long(headers: dict[str, str], wait: float) -> None:
    """Where it says nothing that makes sense, a minute; never longer than a window of X's and its margin."""
    assert classify(429, headers, None, NOW).wait == wait


def test_only_a_failing_server_may_have_acted() -> None:
    """A refusal is certain, a 5xx is not."""
    assert classify(503, {}, None, NOW).was_sent
    assert not any(classify(status, {}, {}, NOW).was_sent for status in (400, 401, 403, 404, 429))


@given(
    st.integers(300, 599),
    st.dictionaries(st.sampled_from(["Retry-After", "x-rate-limit-reset"]), st.text()),
    st.none() | st.text() | st.dictionaries(st.sampled_from(["errors", "title", "type"]), st.lists(st.integers())),
)
def test_no_answer_raises(status: int, headers: dict[str, str], body: Any) -> None:
    """Whatever it holds, and no wait is endless."""
    assert 0 <= classify(status, headers, body, NOW).wait <= LONGEST_WAIT
