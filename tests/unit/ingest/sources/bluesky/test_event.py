"""What `services.ingest.sources.bluesky.event` promises."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.post import MAX_TEXT, Post, parse_post
from services.ingest.sources.base import Removal
from services.ingest.sources.bluesky.event import POSTS, parse_event
from services.ingest.sources.fields import UnreadableError

DID = "did:plc:eygmaihciaxprqvxpfvl6flk"
TIME_US = 1725911162329308
SEEN = datetime.fromtimestamp(TIME_US / 1e6, UTC)
LATEST = TIME_US + 10**9
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def message(**fields: Any) -> bytes:
    """Return an event."""
    return json.dumps({"did": DID, "time_us": TIME_US, "kind": "commit"} | fields).encode()


def commit(operation: str = "create", **fields: Any) -> bytes:
    """Return a commit to a post."""
    whole = {"rev": "3l3qo2vutsw2b", "operation": operation, "collection": POSTS, "rkey": "3l3qo2vuowo2b"}
    return message(commit=whole | fields)


def post(**fields: Any) -> dict[str, Any]:
    """Return the post that a record becomes."""
    record = {"$type": POSTS, "createdAt": "2024-09-09T19:46:02.102Z", "langs": ["en"], "text": "late again"} | fields
    item = parse_event(commit(record=record), LATEST).item
    assert isinstance(item, dict)
    return item


def test_a_record_becomes_a_post() -> None:
    """Its id is its address, its author the DID; profile figures are unknown, since Jetstream lacks them."""
    assert post() == {
        "platform": "bluesky",
        "post_id": f"at://{DID}/{POSTS}/3l3qo2vuowo2b",
        "author": {"id": DID},
        "text": "late again",
        "created_at": "2024-09-09T19:46:02.102000+00:00",
        "language": "en",
        "hashtags": [],
        "mentions": [],
    }


def test_what_stands_beside_the_text_is_told() -> None:
    """Hashtags of facets and of the record, mentioned DIDs, and what it answers."""
    facets = [
        {"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "late"}], "index": {"byteStart": 0}},
        {"features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:brand"}, 7]},
        None,
    ]
    told = post(facets=facets, tags=["bags", 7], reply={"parent": {"uri": f"at://did:plc:x/{POSTS}/1"}, "root": None})
    assert (told["hashtags"], told["mentions"]) == (["bags", "late"], ["did:plc:brand"])
    assert told["in_reply_to"] == f"at://did:plc:x/{POSTS}/1"


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("2024-09-09T19:46:02", "2024-09-09T19:46:02+00:00"),
        ("2024-09-09T21:46:02+02:00", "2024-09-09T19:46:02+00:00"),
        ("2999-01-01T00:00:00Z", SEEN.isoformat()),
        ("0001-01-01T00:00:00Z", SEEN.isoformat()),
        ("soon", SEEN.isoformat()),
        (None, SEEN.isoformat()),
        (1725911162, SEEN.isoformat()),
    ],
)
def test_an_authors_clock_is_believed_within_reason(words: Any, moment: str) -> None:
    """A time without a zone is UTC; what lies after Jetstream's own time, or is absurd, is Jetstream's."""
    assert post(createdAt=words)["created_at"] == moment


@pytest.mark.parametrize("langs", [[], None, "en", [7], ["not a language"], ["en" * 40]])
def test_an_odd_language_is_left_out(langs: Any) -> None:
    """What is no language code is not passed on; the post is."""
    assert "language" not in post(langs=langs)


def test_a_text_is_made_fit() -> None:
    """Too long a text is cut; NULs and halves of surrogate pairs go."""
    assert len(post(text="x" * 20_000)["text"]) == MAX_TEXT
    assert post(text="a\x00b\ud800c")["text"] == "ab?c"


def test_a_picture_alone_is_nothing_to_us() -> None:
    """A post without words is no fault, and no post."""
    assert parse_event(commit(record={"text": " \n"}), LATEST).item is None


@pytest.mark.parametrize(("operation", "reason"), [("delete", "deleted"), ("update", "edited")])
def test_deletes_and_edits_are_removals(operation: str, reason: str) -> None:
    """Each names the post's address."""
    item = parse_event(commit(operation), LATEST).item
    assert isinstance(item, Removal)
    assert (item.reason, item.post_id, item.author_id) == (reason, f"at://{DID}/{POSTS}/3l3qo2vuowo2b", None)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("deleted", "account deleted"),
        ("deactivated", "protected"),
        ("suspended", "protected"),
        ("takendown", "protected"),
    ],
)
def test_a_closed_account_is_a_removal_of_its_author(status: str, reason: str) -> None:
    """A deleted account and one that its owner or the network hid are told, by DID alone."""
    item = parse_event(message(kind="account", account={"active": False, "did": DID, "status": status}), LATEST).item
    assert isinstance(item, Removal)
    assert (item.reason, item.post_id, item.author_id) == (reason, None, DID)


@pytest.mark.parametrize(
    "account",
    [
        {"active": True, "status": "deleted"},
        {"active": True},
        {"active": False, "status": "throttled"},
        {"active": False, "status": "desynchronized"},
        {"active": False},
        {"active": False, "status": ["deleted"]},
    ],
)
def test_a_servers_trouble_removes_nobody(account: Any) -> None:
    """Only what a person or the network did to an account counts."""
    assert parse_event(message(kind="account", account=account), LATEST).item is None


@pytest.mark.parametrize(
    "other", [message(kind="identity"), message(kind="new"), commit(collection="app.bsky.feed.like")]
)
def test_other_events_only_move_the_cursor(other: bytes) -> None:
    """Identity events, kinds to come and other collections are nothing to us."""
    event = parse_event(other, LATEST)
    assert (event.time_us, event.item) == (TIME_US, None)


def test_a_cursor_from_the_future_is_not_believed() -> None:
    """One odd event must not make the stream skip what is to come."""
    with pytest.raises(UnreadableError, match="not an event"):
        parse_event(message(time_us=LATEST + 1), LATEST)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_nonsense_is_unreadable_and_nothing_else(sent: bytes) -> None:
    """Whatever comes is either an event or UnreadableError with a reason that quotes nothing."""
    try:
        parse_event(sent, LATEST)
    except UnreadableError as error:
        assert str(error) in {"not JSON", "not an event", "event without an account"}  # noqa: PT017 - not always raised


@given(JSON, JSON, JSON, JSON, JSON)
def test_an_odd_record_is_unreadable_or_a_post(text: Any, created: Any, langs: Any, facets: Any, reply: Any) -> None:
    """Fields of any type never break the reader, and what it gives, the pipeline takes."""
    record = {"text": text, "createdAt": created, "langs": langs, "facets": facets, "reply": reply, "tags": facets}
    try:
        item = parse_event(commit(record=record), LATEST).item
    except UnreadableError:
        return
    told = parse_post(item, SEEN) if item is not None else None
    assert told is None or isinstance(told, Post) or told.startswith("text: must not be blank"), told


def test_a_megabyte_is_too_long() -> None:
    """A message that no post needs is not even parsed."""
    with pytest.raises(UnreadableError, match="too long"):
        parse_event(commit(record={"text": "x" * 2**20}), LATEST)
