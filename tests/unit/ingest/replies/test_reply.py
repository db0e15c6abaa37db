"""The states of a reply: what each step may do, and that no row of steps goes astray."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.replies.reply import (
    MOST_ATTEMPTS,
    Reply,
    ReplyState,
    approve,
    claim,
    expire,
    lose,
    postpone,
    refuse,
    reject,
    settle,
)
from services.ingest.sources.reply_writer import NotSent, SendOutcome, Sent, Unknown
from shared.errors import ConflictError
from tests.unit.ingest.replies.replies import NOW, a_reply

MINUTE = timedelta(minutes=1)
OVER: list[ReplyState] = ["sent", "rejected", "expired", "dry_run"]


def sending(**changes: Any) -> Reply:
    """Return a reply that is being sent."""
    claimed = claim(a_reply(state="approved", **changes), NOW, "me", NOW + MINUTE)
    assert claimed is not None
    return claimed


@pytest.mark.parametrize("state", [*OVER, "approved", "sending"])
def test_what_is_over_or_under_way_is_not_approved(state: ReplyState) -> None:
    """Approving answers with a conflict that names the state."""
    with pytest.raises(ConflictError, match=state):
        approve(a_reply(state=state), NOW, "content")


@pytest.mark.parametrize("state", [*OVER, "sending"])
def test_what_is_over_or_under_way_is_not_rejected(state: ReplyState) -> None:
    """Rejecting answers with a conflict that names the state."""
    with pytest.raises(ConflictError, match=state):
        reject(a_reply(state=state), NOW)


def test_an_unknown_reply_is_approved_by_who_has_looked() -> None:
    """Without the word that a person looked, approving it again is a conflict that says what to do."""
    unknown = a_reply(state="unknown", doubtful=True)
    with pytest.raises(ConflictError, match="although_unknown"):
        approve(unknown, NOW, "content")
    assert approve(unknown, NOW, "content", although_unknown=True).state == "approved"


def test_an_expired_draft_is_not_approved() -> None:
    """Its raw id is not kept any more."""
    with pytest.raises(ConflictError, match="expired"):
        approve(a_reply(expires_at=NOW), NOW, "content")


def test_only_an_approved_reply_that_is_due_is_claimed() -> None:
    """A claim records owner, deadline and the next attempt; anything else gets none."""
    claimed = sending(attempt=2)
    assert (claimed.state, claimed.attempt, claimed.owner, claimed.sending_until) == ("sending", 3, "me", NOW + MINUTE)
    for other in (
        a_reply(state="draft"),
        a_reply(state="unknown"),
        a_reply(state="approved", due_at=NOW + MINUTE),
        a_reply(state="approved", expires_at=NOW),
    ):
        assert claim(other, NOW, "me", NOW + MINUTE) is None


def test_an_outcome_settles_its_own_attempt_alone() -> None:
    """What an earlier attempt says does not touch a later one."""
    assert settle(sending(attempt=1), 1, Sent("1"), NOW) is None
    settled = settle(sending(), 1, Sent("1"), NOW, "key")
    assert settled is not None
    assert (settled.state, settled.sent_key) == ("sent", "key")


def test_a_late_success_is_the_truth() -> None:
    """A claim that counted as lost, approved again or rejected meanwhile, is sent once its success is heard of."""
    unknown = lose(sending(), NOW + MINUTE)
    assert unknown is not None
    again = approve(unknown, NOW, "content", although_unknown=True)
    for late in (unknown, again, reject(unknown, NOW)):
        settled = settle(late, 1, Sent("1"), NOW, "key")
        assert settled is not None
        assert settled.state == "sent"
    assert settle(again, 1, NotSent("no"), NOW) is None
    assert settle(unknown, 1, Unknown("nothing came"), NOW) is None


def test_what_was_surely_not_sent_is_tried_again_later_and_later() -> None:
    """Waits double from a minute on; after six tries it is refused."""
    reply, waits = a_reply(state="approved"), []
    now = NOW
    while reply.state == "approved":
        claimed = claim(reply, now, "me", now + MINUTE)
        assert claimed is not None
        settled = settle(claimed, claimed.attempt, NotSent("too many requests", retry=True), now)
        assert settled is not None
        waits.append(settled.due_at - now)
        reply, now = settled, settled.due_at
    assert reply.state == "refused"
    assert waits[:-1] == [MINUTE * 2**turn for turn in range(MOST_ATTEMPTS - 1)]


def test_a_platform_that_asks_to_wait_is_left_alone() -> None:
    """As long as it asks, where that is longer than our own wait."""
    for asked, waited in ((30.0, MINUTE), (900.0, 15 * MINUTE)):
        settled = settle(sending(), 1, NotSent("too many requests", retry=True, wait=asked), NOW)
        assert settled is not None
        assert (settled.state, settled.due_at - NOW) == ("approved", waited)


def test_a_reply_to_a_post_that_is_gone_is_closed() -> None:
    """For good: it cannot be approved again."""
    settled = settle(sending(), 1, NotSent("the post is not there any more", is_gone=True), NOW)
    assert settled is not None
    assert (settled.state, settled.doubtful) == ("rejected", False)
    assert settled.known == "not sent: the post is not there any more"
    with pytest.raises(ConflictError):
        approve(settled, NOW, "content")


def test_an_unknown_outcome_goes_to_a_person() -> None:
    """It is never approved by itself, and remembers that something may have been published."""
    settled = settle(sending(), 1, Unknown("the connection was lost"), NOW)
    assert settled is not None
    assert (settled.state, settled.doubtful) == ("unknown", True)
    assert "the connection was lost" in settled.known


def test_a_claim_is_lost_only_after_its_time() -> None:
    """Before its deadline a sending reply stays; others are never lost."""
    assert lose(sending(), NOW) is None
    assert lose(a_reply(state="approved"), NOW + MINUTE) is None
    lost = lose(sending(), NOW + MINUTE)
    assert lost is not None
    assert (lost.state, lost.doubtful) == ("unknown", True)


def test_what_waits_expires() -> None:
    """Drafts and approved replies expire, others and younger ones do not; only approved ones are put off or refused."""
    for state in ("draft", "approved"):
        expired = expire(a_reply(state=state, expires_at=NOW), NOW)
        assert expired is not None
        assert expired.state == "expired"
    assert expire(a_reply(), NOW) is None
    assert expire(a_reply(state="unknown", expires_at=NOW), NOW) is None
    assert postpone(a_reply(), NOW, NOW, "") is None
    assert refuse(a_reply(), NOW, "") is None


STEPS = st.sampled_from(
    ["approve", "look and approve", "reject", "claim", "lose", "expire", "sent", "not", "later", "?"]
)


@given(st.lists(st.tuples(STEPS, st.integers(0, 3)), max_size=30), st.booleans())
def test_calls_never_outnumber_approvals(steps: list[tuple[str, int]], automatic: bool) -> None:  # noqa: FBT001 - drawn
    """In any row of steps, a call follows an approval or a certain 'not sent', each time once; versions only rise."""
    outcomes: dict[str, SendOutcome] = {
        "sent": Sent("1"),
        "not": NotSent("no"),
        "later": NotSent("later", retry=True),
        "?": Unknown("?"),
    }
    reply = a_reply(state="approved" if automatic else "draft")
    allowed = int(automatic)
    calls = 0
    for step, attempt in steps:
        before = reply
        after: Reply | None = None
        try:
            if step == "approve":
                after = approve(reply, NOW, "content")
            elif step == "look and approve":
                after = approve(reply, NOW, "content", although_unknown=True)
            elif step == "reject":
                after = reject(reply, NOW)
            elif step == "claim":
                reply = reply.model_copy(update={"due_at": NOW})
                after = claim(reply, NOW, "me", NOW)
            elif step == "lose":
                after = lose(reply, NOW)
            elif step == "expire":
                after = expire(reply, NOW)
            else:
                after = settle(reply, attempt, outcomes[step], NOW, "key")
        except ConflictError:
            continue
        if after is None:
            continue
        assert after.version == before.version + 1
        calls += after.state == "sending"
        allowed += after.state == "approved"
        assert calls <= allowed
        assert before.state != "sent"
        reply = after
