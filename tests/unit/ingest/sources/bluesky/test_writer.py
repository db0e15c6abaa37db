"""Replies on Bluesky: where they stand in a thread, what of them can be followed, sessions, and places of records."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.ingest.sources.base import CredentialError
from services.ingest.sources.bluesky.writer import BlueskyWriter, record, record_key
from services.ingest.sources.reply_writer import NotSent, OutgoingReply, Sent, Unknown
from services.ingest.sources.settings import BlueskySettings
from tests.servers.ordered import Order
from tests.servers.pds import APP_PASSWORD, IDENTIFIER, OWN_DID, Pds
from tests.unit.ingest.sources.outgoing import outgoing
from tests.unit.ingest.virtual_clock import START, VirtualClock

KEYS = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.fixture
async def pds(clock: VirtualClock) -> AsyncIterator[Pds]:
    """Run the account's server."""
    async with Pds(clock.now) as server:
        yield server


def settings_for(pds: Pds, **more: Any) -> BlueskySettings:
    """Return settings that lead to a server; `more` are other ones."""
    told: dict[str, Any] = {
        "bluesky_pds_url": pds.url,
        "bluesky_identifier": IDENTIFIER,
        "bluesky_app_password": SecretStr(APP_PASSWORD),
    }
    return BlueskySettings(_env_file=None, **(told | more))


@pytest.fixture
async def writer(pds: Pds, clock: VirtualClock) -> AsyncIterator[BlueskyWriter]:
    """Open a writer of the account."""
    opened = BlueskyWriter(settings_for(pds).bluesky_account(), clock)
    yield opened
    await opened.aclose()


async def test_a_reply_names_its_post_and_the_root_of_the_thread(pds: Pds, writer: BlueskyWriter) -> None:
    """By strong references; a post that begins a thread is both."""
    first = pds.publish("a complaint")
    answer = pds.publish("me too", reply={"root": {"uri": first["uri"], "cid": first["cid"]}, "parent": "odd"})
    for number, post in enumerate((first, answer)):
        assert isinstance(await writer.reply(outgoing(post["uri"], key=f"{number:032x}")), Sent)
    root = {"uri": first["uri"], "cid": first["cid"]}
    parents = [{"uri": post["uri"], "cid": post["cid"]} for post in (first, answer)]
    assert [one["reply"] for one in pds.records.values()] == [{"root": root, "parent": parent} for parent in parents]
    assert {one["createdAt"] for one in pds.records.values()} == {"2026-03-02T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("no link, example.com neither", []),
        ("see https://example.com/a?b=c.", ["https://example.com/a?b=c"]),
        (
            "Grüße 👩‍👩‍👧 https://example.com/ü, and (http://e.co/x_(y)).",
            ["https://example.com/ü", "http://e.co/x_(y)"],
        ),
        ("\u201chttps://example.com\u201d", ["https://example.com"]),
        ("https:// and https://)", []),
    ],
)
def test_links_can_be_followed(text: str, links: list[str]) -> None:
    """Each is marked by its bytes, without the marks of the sentence around it."""
    facets = record(text, {}, START).get("facets", [])
    raw = text.encode()
    assert [raw[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode() for one in facets] == links
    assert [one["features"] for one in facets] == [
        [{"$type": "app.bsky.richtext.facet#link", "uri": link}] for link in links
    ]


@given(st.lists(st.one_of(st.text(max_size=9), st.sampled_from(["https://", "http://é.co/", ")", "(", "." * 9]))))
def test_marks_lie_within_the_text(pieces: list[str]) -> None:
    """Whatever is written, each mark holds its link, and none lies over another."""
    text = "".join(pieces).encode("utf-8", "replace").decode()
    end = 0
    for one in record(text, {}, START).get("facets", []):
        start, stop = one["index"]["byteStart"], one["index"]["byteEnd"]
        assert end <= start < stop
        assert text.encode()[start:stop].decode() == one["features"][0]["uri"]
        end = stop


@given(KEYS, KEYS, st.timedeltas(timedelta(0), timedelta(days=30_000)))
def test_a_place_is_a_tid_of_the_drafts_moment(key: str, other: str, later: timedelta) -> None:
    """The same at every attempt, in the order of drafts, and its bits tell the millisecond."""
    drafted_at = START + later
    place = record_key(key, drafted_at)
    assert len(place) == 13
    assert place[0] in "234567abcdefghij"
    number = 0
    for sign in place:
        number = number * 32 + "234567abcdefghijklmnopqrstuvwxyz".index(sign)
    assert (number >> 10) // 1000 == int(drafted_at.timestamp() * 1000)
    assert record_key(key, drafted_at) == place
    assert record_key(other, drafted_at + timedelta(milliseconds=2)) > place


def test_places_of_one_moment_differ() -> None:
    """Drafts of one delivery have the same time; their keys keep them apart."""
    assert len({record_key(f"{number:032x}", START) for number in range(300)}) > 298


async def test_one_session_serves_until_it_expires(pds: Pds, writer: BlueskyWriter, clock: VirtualClock) -> None:
    """Then it is renewed without the password, and by the password once the renewal has expired too."""
    post = pds.publish("bad")["uri"]
    counts = []
    for number, hours in enumerate((0, 1, 2, 1, 24 * 61)):
        await clock.advance(hours * 3600)
        assert isinstance(await writer.reply(outgoing(post, key=f"{number:032x}")), Sent)
        counts.append((pds.log_ins, pds.renewals))
    assert counts == [(1, 0), (1, 0), (1, 1), (1, 1), (2, 2)]


async def test_a_session_that_expires_at_the_last_moment_publishes_later(pds: Pds, writer: BlueskyWriter) -> None:
    """The server has said that it took nothing: the reply is tried again, with a session that is renewed then."""
    post = pds.publish("bad")["uri"]
    pds.order("write", Order("answer", 400, body=b'{"error": "ExpiredToken", "message": "Token has expired"}'))
    outcome = await writer.reply(outgoing(post))
    assert outcome == NotSent("the session has expired, and is renewed at the next try", retry=True)
    assert isinstance(await writer.reply(outgoing(post)), Sent)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, b'{"error": "AuthFactorTokenRequired"}', "make an app password"),
        (401, b'{"error": "AccountTakedown"}', "suspended"),
        (400, b'{"error": "InvalidRequest"}', "BLUESKY_IDENTIFIER"),
        (403, b'{"error": "Forbidden"}', "may not do this"),
        (302, b"", "BLUESKY_PDS_URL"),
    ],
)
async def test_a_log_in_that_is_refused_says_what_to_mend(
    pds: Pds, writer: BlueskyWriter, status: int, body: bytes, sentence: str
) -> None:
    """In a sentence for a person, without anything of the server's."""
    post = pds.publish("bad")["uri"]
    pds.order("read", Order("answer", status, {"location": "/"}, body))
    outcome = await writer.reply(outgoing(post))
    assert isinstance(outcome, NotSent)
    assert sentence in outcome.sentence
    assert not outcome.retry
    assert pds.requests["write"] == 0


@pytest.mark.parametrize("fault", ["html-503", "truncated-json", "hang-up", "silence", "rate-limit"])
@pytest.mark.parametrize("before", [0, 1, 2])
async def test_trouble_before_publishing_is_tried_again(
    pds: Pds, writer: BlueskyWriter, clock: VirtualClock, fault: Any, before: int
) -> None:
    """At the log-in, at the look at the record's place, at the post: nothing was published, for certain."""
    post = pds.publish("bad")["uri"]
    pds.order("read", Order(fault), after=before)
    asking = asyncio.ensure_future(writer.reply(outgoing(post)))
    await clock.until(asking.done, step=1.0, limit=20)
    outcome = asking.result()
    assert isinstance(outcome, NotSent)
    assert outcome.retry
    assert pds.requests == {"read": before + 1}


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize(
    "body",
    [
        *("null", "7", '"x"', "[]", "{}", "[[]]", '{"error": []}', '{"posts": 7}', '{"posts": [7]}', '{"value": "x"}'),
        '{"posts": [{"uri": "POST"}]}',
        '{"posts": [{"uri": "POST", "cid": 7, "author": "x", "viewer": [], "record": 7}]}',
        '{"accessJwt": "a", "refreshJwt": 7, "did": "did:plc:x"}',
        '{"accessJwt": "a", "refreshJwt": "b", "did": "x"}',
    ],
)
async def test_odd_answers_before_publishing_send_nothing(
    pds: Pds, writer: BlueskyWriter, before: int, body: str
) -> None:
    """Whatever JSON comes instead of a session, a record or a post: an outcome says that nothing was published."""
    post = pds.publish("bad")["uri"]
    pds.order("read", Order("answer", 200, body=body.replace("POST", post).encode()), after=before)
    assert isinstance(await writer.reply(outgoing(post)), NotSent)
    assert pds.requests["write"] == 0


async def test_who_does_not_want_a_reply_gets_none(pds: Pds, writer: BlueskyWriter) -> None:
    """The account's own posts, authors who blocked it, and posts that only some may answer."""
    sentences = []
    for more in ({"author": {"did": OWN_DID}}, {"viewer": {"blockedBy": True}}, {"viewer": {"replyDisabled": True}}):
        post = pds.publish("bad") | more
        pds.posts[post["uri"]] = post
        outcome = await writer.reply(outgoing(post["uri"]))
        assert isinstance(outcome, NotSent)
        assert (outcome.retry, outcome.is_gone) == (False, False)
        sentences.append(outcome.sentence)
    assert sentences == [
        "the post is the replying account's own",
        "the author has blocked the replying account",
        "the author lets this account not reply to the post",
    ]
    assert pds.requests["write"] == 0


async def test_a_fresh_post_may_not_be_shown_yet(writer: BlueskyWriter, clock: VirtualClock) -> None:
    """The index lags behind the stream: only after ten minutes is a post that is not shown gone."""
    reply = OutgoingReply("at://did:plc:jane/app.bsky.feed.post/3k", "sorry", "0" * 32, clock.now())
    early = await writer.reply(reply)
    await clock.advance(601)
    late = await writer.reply(reply)
    assert isinstance(early, NotSent)
    assert (early.retry, early.is_gone) == (True, False)
    assert isinstance(late, NotSent)
    assert (late.retry, late.is_gone) == (False, True)


@pytest.mark.parametrize("status", [400, 409, 500])
async def test_a_request_that_came_through_late_is_found(pds: Pds, writer: BlueskyWriter, status: int) -> None:
    """An attempt whose answer was lost may be carried out after the look at its place: the second finds it taken."""
    post = pds.publish("bad")
    reply = outgoing(post["uri"])
    place = f"at://{OWN_DID}/app.bsky.feed.post/{record_key(reply.key, reply.drafted_at)}"
    pds.order("write", Order("answer", status, body=b'{"error": "InvalidRequest"}'))
    pds.late = {place: {"reply": {"parent": {"uri": post["uri"]}}}}
    assert await writer.reply(reply) == Sent(place)
    assert pds.requests["write"] == 1


async def test_a_place_that_another_post_has_is_left_alone(pds: Pds, writer: BlueskyWriter) -> None:
    """It is not overwritten, and not taken for the reply."""
    post = pds.publish("bad")["uri"]
    reply = outgoing(post)
    place = f"at://{OWN_DID}/app.bsky.feed.post/{record_key(reply.key, reply.drafted_at)}"
    pds.records[place] = {"text": "something else"}
    assert await writer.reply(reply) == NotSent("another post of the account has the place of this reply")
    assert pds.records[place] == {"text": "something else"}


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        (Order("answer", 400, body=b'{"error": "InvalidRequest"}'), "refused"),
        (Order("answer", 401, body=b'{"error": "AuthMissing"}'), "refused"),
        (Order("answer", 403, body=b'{"error": "Forbidden"}'), "refused"),
        (Order("answer", 413, body=b'{"error": "PayloadTooLarge"}'), "refused"),
        (Order("answer", 403), "later"),
        (Order("answer", 502, body=b'{"error": "UpstreamFailure"}'), "unknown"),
        (Order("answer", 200, body=b'{"uri": 7}'), "unknown"),
        (Order("answer", 200, body=b"[]"), "unknown"),
    ],
)
async def test_answers_to_publishing_mean_what_they_say(
    pds: Pds, writer: BlueskyWriter, order: Order, kind: str
) -> None:
    """An API's no is certain, a proxy's page may be tried again, and whatever else is unknown; asked for once."""
    post = pds.publish("bad")["uri"]
    pds.order("write", order)
    outcome = await writer.reply(outgoing(post))
    assert not isinstance(outcome, Sent)
    told = "unknown" if isinstance(outcome, Unknown) else "later" if outcome.retry else "refused"
    assert told == kind
    assert pds.requests["write"] == 1


@pytest.mark.parametrize(
    "post_id",
    [
        "3k2",
        "",
        "at://jane.example/app.bsky.feed.post/3k2",
        "at://did:plc:jane/app.bsky.feed.like/3k2",
        "at://did:plc:jane/app.bsky.feed.post/",
        "at://did:plc:jane/app.bsky.feed.post/3k2?x=1",
        "https://bsky.app/profile/jane/post/3k2",
    ],
)
async def test_an_id_that_is_none_is_asked_for_nothing(pds: Pds, writer: BlueskyWriter, post_id: str) -> None:
    """Ids of files never reach an address."""
    outcome = await writer.reply(outgoing(post_id))
    assert isinstance(outcome, NotSent)
    assert not outcome.retry
    assert pds.requests == {}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"bluesky_identifier": " @ "}, "BLUESKY_IDENTIFIER"),
        ({"bluesky_app_password": None}, "BLUESKY_APP_PASSWORD"),
        ({"bluesky_app_password": SecretStr("pässwort")}, "BLUESKY_APP_PASSWORD"),
        ({"bluesky_pds_url": "http://example.com"}, "BLUESKY_PDS_URL must be an https"),
    ],
)
def test_a_setting_that_lacks_is_named(more: dict[str, Any], sentence: str) -> None:
    """No writer opens without an account, nor where its password would go out in clear."""
    told: dict[str, Any] = {"bluesky_identifier": "@a.example", "bluesky_app_password": SecretStr(APP_PASSWORD)}
    assert BlueskySettings(_env_file=None, **told).bluesky_account().identifier == "a.example"
    with pytest.raises(CredentialError, match=sentence):
        BlueskySettings(_env_file=None, **(told | more)).bluesky_account()
