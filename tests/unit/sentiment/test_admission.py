"""Room for tokens, by caller."""

from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse

from services.sentiment.admission import Admission, TokenRate
from shared.errors import OverloadedError, RateExceededError

ASKED = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 300)), max_size=60)


@given(ASKED)
def test_a_caller_always_finds_room_that_others_did_not_take(asked: list[tuple[str, int]]) -> None:
    """Whatever three callers hold, each took half of what was left at most: a fourth finds a sixteenth of the room."""
    admission = Admission(1000, 60)
    with ExitStack() as held:
        for caller, tokens in asked:
            with suppress(OverloadedError):
                held.enter_context(admission.admit(caller, tokens))
        assert admission.held <= 1000
        held.enter_context(admission.admit("d", 1000 // 16))
    assert admission.held == 0


def test_a_request_larger_than_the_room_is_served_where_nothing_else_is() -> None:
    """A bound below the size of a request makes it wait for its turn, not for ever."""
    admission = Admission(10, 60)
    with admission.admit("a", 50):
        assert admission.held == 50
        with pytest.raises(OverloadedError), admission.admit("b", 1):
            pytest.fail("admitted past the bound")


@pytest.mark.parametrize(
    ("held", "asked", "seconds"),
    [
        ({"a": 400}, ("a", 100), 0),
        ({"a": 500}, ("a", 500), 5),
        ({"a": 300, "b": 300}, ("a", 300), 4),
    ],
)
def test_the_wait_is_told_by_what_was_measured(held: dict[str, int], asked: tuple[str, int], seconds: int) -> None:
    """At 100 tokens a second: the time until a caller holds no more than is left, all served in turns."""
    admission = Admission(1000, 60)
    admission.observe(100, 1.0)
    with ExitStack() as all_:
        for caller, tokens in held.items():
            all_.enter_context(admission.admit(caller, tokens))
        if seconds:
            with pytest.raises(OverloadedError) as caught:
                all_.enter_context(admission.admit(*asked))
            assert caught.value.retry_after == seconds
        else:
            all_.enter_context(admission.admit(*asked))


def test_what_cannot_be_answered_in_time_is_refused_at_once() -> None:
    """Where the tokens before and in a request take longer than its deadline, it is told when they will not."""
    admission = Admission(10**6, 60)
    admission.observe(100, 1.0)
    with admission.admit("a", 5000), pytest.raises(OverloadedError) as caught, admission.admit("a", 4000):
        pytest.fail("admitted what cannot be answered")
    assert caught.value.retry_after == 30
    with admission.admit("a", 5000), admission.admit("b", 2500):
        assert admission.held == 7500


def test_room_is_free_again_text_by_text() -> None:
    """What was answered of a request holds no room while the rest of it is read."""
    admission = Admission(1000, 60)
    with admission.admit("a", 900) as give_back:
        give_back(800)
        assert admission.held == 100
        with admission.admit("b", 400):
            assert admission.held == 500
    assert admission.held == 0


SENT = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 500)), max_size=60)


@given(SENT)
def test_over_time_a_caller_sends_no_more_than_its_rate(sent: list[tuple[float, int]]) -> None:
    """Beside the bucket and one request; who waits as long as was said is let in, however much it sends."""
    now = 0.0
    rate = TokenRate(parse("100/minute"), lambda: now)
    taken = 0
    for pause, tokens in sent:
        now += pause
        try:
            rate.spend("a", tokens)
        except RateExceededError as refusal:
            now += refusal.retry_after
            rate.spend("a", tokens)
        assert taken <= 100 + now * 100 / 60 + 1e-6
        taken += tokens
        rate.spend(f"another at {now}", tokens)
