"""Replies on Mastodon: whom they name, who sees them, how long they may be, and where the post is looked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.ingest.sources.base import CredentialError
from services.ingest.sources.mastodon.parent import MastodonParent
from services.ingest.sources.mastodon.writer import LIMITS_LAST, MastodonWriter, characters, with_mention
from services.ingest.sources.reply_writer import NotSent, SendOutcome, Sent
from services.ingest.sources.settings import MastodonSettings
from tests.servers.mastodon_home import OWN_ID, REPLY_TOKEN, MastodonHome
from tests.servers.ordered import Order
from tests.unit.ingest.sources.outgoing import outgoing
from tests.unit.ingest.virtual_clock import VirtualClock


@pytest.fixture
async def home(clock: VirtualClock) -> AsyncIterator[MastodonHome]:
    """Run the replying account's server."""
    async with MastodonHome(clock.now) as server:
        yield server


@asynccontextmanager
async def writing(home: MastodonHome, clock: VirtualClock, **more: Any) -> AsyncIterator[MastodonWriter]:
    """Yield a writer of the account at `home`; `more` are other settings."""
    told: dict[str, Any] = {"mastodon_url": home.url, "mastodon_reply_token": SecretStr(REPLY_TOKEN)}
    writer = MastodonWriter(MastodonSettings(_env_file=None, **(told | more)), clock)
    yield writer
    await writer.aclose()


async def answered(home: MastodonHome, clock: VirtualClock, text: str, status: dict[str, Any]) -> SendOutcome:
    """Reply to a status of `home`."""
    async with writing(home, clock) as writer:
        return await writer.reply(outgoing(f"{status['id']}@{home.name}", text, key=f"{int(status['id']):032x}"))


async def test_the_author_is_named_once(home: MastodonHome, clock: VirtualClock) -> None:
    """In front, as the account's server writes the address, unless the words name them; else nothing tells them."""
    for text in ("sorry", "Sorry @NoiOb@awoo.space!"):
        assert isinstance(await answered(home, clock, text, home.publish("bad")), Sent)
    await answered(home, clock, "sorry", home.publish("bad", "jane"))
    texts = [one["status"] for one in home.written]
    assert texts == ["@noiob@awoo.space sorry", "Sorry @NoiOb@awoo.space!", "@jane sorry"]


@pytest.mark.parametrize(
    ("acct", "text", "expected"),
    [
        ("jane", "hello @jane.", "hello @jane."),
        ("jane", "hello @JANE@home.example", "hello @JANE@home.example"),
        ("jane", "hello @janet", "@jane hello @janet"),
        ("jane", "hello @jane@other.example", "@jane hello @jane@other.example"),
        ("jane", "mail to x@jane", "@jane mail to x@jane"),
        ("a.b@other.example", "@a.b@other.example, sorry", "@a.b@other.example, sorry"),
    ],
)
def test_a_name_within_another_is_none(acct: str, text: str, expected: str) -> None:
    """Only the author's own address counts as naming them."""
    assert with_mention(text, MastodonParent("1", "2", acct, "public"), "home.example") == expected


@pytest.mark.parametrize(
    ("post", "most", "expected"),
    [
        ("public", "public", "public"),
        ("unlisted", "public", "unlisted"),
        ("public", "unlisted", "unlisted"),
        ("unlisted", "direct", "direct"),
    ],
)
async def test_a_reply_is_no_more_visible_than_its_post(
    home: MastodonHome, clock: VirtualClock, post: str, most: str, expected: str
) -> None:
    """Nor than the setting says."""
    status = home.publish("bad", visibility=post)
    async with writing(home, clock, mastodon_reply_visibility=most) as writer:
        assert isinstance(await writer.reply(outgoing(f"{status['id']}@{home.name}")), Sent)
    assert home.written[0]["visibility"] == expected


@pytest.mark.parametrize("visibility", ["private", "direct", "limited", None])
async def test_a_post_that_was_hidden_is_not_answered(
    home: MastodonHome, clock: VirtualClock, visibility: str | None
) -> None:
    """Its author has made it private since it was read."""
    outcome = await answered(home, clock, "sorry", home.publish("bad", visibility=visibility))
    assert outcome == NotSent("the post is not public any more")


async def test_the_accounts_own_posts_are_not_answered(home: MastodonHome, clock: VirtualClock) -> None:
    """The account does not talk to itself."""
    own = home.publish("ours", "aerolume", account={"id": OWN_ID, "acct": "aerolume"})
    assert await answered(home, clock, "sorry", own) == NotSent("the post is the replying account's own")


async def test_the_servers_own_limit_holds(home: MastodonHome, clock: VirtualClock) -> None:
    """With the mention, links at 23; the sentence tells both numbers, and a server that takes more is believed."""
    status, link = home.publish("bad", "jane"), "https://example.com/" + "a" * 400
    assert isinstance(await answered(home, clock, "x" * (500 - 6 - 24) + f" {link}", status), Sent)
    outcome = await answered(home, clock, "x" * 495, status)
    assert isinstance(outcome, NotSent)
    assert "501 characters" in outcome.sentence
    assert "takes 500" in outcome.sentence
    home.most = 5000
    assert isinstance(await answered(home, clock, "x" * 4000, home.publish("bad", "jane")), Sent)


async def test_limits_are_asked_for_once_an_hour(home: MastodonHome, clock: VirtualClock) -> None:
    """And the account once; the post every time."""
    status = home.publish("bad")
    async with writing(home, clock) as writer:
        for number in range(3):
            await writer.reply(outgoing(f"{status['id']}@{home.name}", key=f"{number:032x}"))
        assert home.requests["read"] == 1 + 1 + 3
        await clock.advance(LIMITS_LAST)
        await writer.reply(outgoing(f"{status['id']}@{home.name}", key=f"{3:032x}"))
        assert home.requests["read"] == 1 + 2 + 4


async def test_a_post_of_the_server_that_is_read_is_found_by_its_address(
    home: MastodonHome, clock: VirtualClock
) -> None:
    """Where the account is at another server, that one is asked for the post under its own id."""
    async with MastodonHome(clock.now) as reading:
        read = reading.publish("bad", "jane")
        home.elsewhere[read["uri"]] = read | {"account": {"id": "7", "acct": f"jane@{reading.name}"}}
        async with writing(home, clock, mastodon_url=reading.url, mastodon_reply_url=home.url) as writer:
            outcome = await writer.reply(outgoing(f"{read['id']}@{reading.name}"))
            again = await writer.reply(outgoing(f"{read['id']}@{reading.name}", key="0" * 32))
    assert isinstance(outcome, Sent)
    assert outcome.reply_id.endswith(f"@{home.name}")
    assert home.written[0]["status"] == f"@jane@{reading.name} sorry"
    assert home.written[0]["in_reply_to_id"] in home.statuses
    assert again == NotSent("the account's own server cannot find the post, or may not show it")


async def test_a_post_that_went_where_it_was_read_is_gone(home: MastodonHome, clock: VirtualClock) -> None:
    """The server that posts are read from says so."""
    async with (
        MastodonHome(clock.now) as reading,
        writing(home, clock, mastodon_url=reading.url, mastodon_reply_url=home.url) as writer,
    ):
        outcome = await writer.reply(outgoing(f"1@{reading.name}"))
    assert isinstance(outcome, NotSent)
    assert outcome.is_gone


@pytest.mark.parametrize(
    "post_id", ["1", "1@", "@x", "../me@{home}", "1/context@{home}", "1?x=1@{home}", "", "1@{home}/x"]
)
async def test_an_id_that_is_none_is_asked_for_nothing(home: MastodonHome, clock: VirtualClock, post_id: str) -> None:
    """Ids of files never reach an address, nor does a server that no setting names."""
    async with writing(home, clock) as writer:
        outcome = await writer.reply(outgoing(post_id.format(home=home.name)))
        elsewhere = await writer.reply(outgoing("1@169.254.169.254"))
    assert isinstance(outcome, NotSent)
    assert isinstance(elsewhere, NotSent)
    assert (outcome.retry, elsewhere.retry) == (False, False)
    assert home.requests["read"] == 1, "the account and nothing else"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order("answer", 404, body=b'{"error": "Record not found"}'), ("rejected", "not there any more")),
        (Order("answer", 403, body=b'{"error": "outside the scopes"}'), ("refused", "write:statuses")),
        (Order("answer", 422, body=b'{"error": "Validation failed"}'), ("refused", "(422)")),
        (Order("answer", 400, body=b'{"error": "bad"}'), ("refused", "(400)")),
        (Order("answer", 403), ("later", "MASTODON_URL")),
        (Order("answer", 404), ("later", "MASTODON_URL")),
        (Order("answer", 301, {"location": "https://example.com/"}), ("refused", "MASTODON_URL")),
        (Order("answer", 408), ("unknown", "look at the account")),
        (Order("answer", 500, body=b'{"error": "oops"}'), ("unknown", "look at the account")),
        (Order("answer", 303, {"location": "/"}), ("unknown", "look at the account")),
        (Order("answer", 200, body=b"{}"), ("unknown", "without an id")),
        (Order("answer", 200, body=b"[" * 100_000), ("unknown", "look at the account")),
        (Order("answer", 200, body=b" " * (2**20 + 1)), ("unknown", "look at the account")),
    ],
)
async def test_answers_to_publishing_mean_what_they_say(
    home: MastodonHome, clock: VirtualClock, order: Order, expected: tuple[str, str]
) -> None:
    """An API's no is certain, a proxy's page may be tried again, and whatever else is unknown; asked for once."""
    status = home.publish("bad")
    home.order("write", order)
    outcome = await answered(home, clock, "sorry", status)
    assert not isinstance(outcome, Sent)
    kind = "unknown"
    if isinstance(outcome, NotSent):
        kind = "rejected" if outcome.is_gone else "later" if outcome.retry else "refused"
    assert (kind, expected[1] in outcome.sentence) == (expected[0], True), outcome
    assert home.requests["write"] == 1


@pytest.mark.parametrize("fault", ["html-503", "truncated-json", "hang-up", "silence", "rate-limit"])
async def test_trouble_before_publishing_is_tried_again(home: MastodonHome, clock: VirtualClock, fault: Any) -> None:
    """Nothing was asked to be published: that is certain."""
    status = home.publish("bad")
    home.order("read", Order(fault))
    async with writing(home, clock) as writer:
        asking = writer.reply(outgoing(f"{status['id']}@{home.name}"))
        outcome = await _within(clock, asking)
    assert isinstance(outcome, NotSent)
    assert outcome.retry
    assert home.requests["write"] == 0


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize(
    "body",
    [
        *("null", "7", '"x"', "[]", "[[]]", '{"id": []}', '{"id": "1", "account": 7, "visibility": "public"}'),
        '{"id": "1", "account": {"id": "2", "acct": "a b"}, "visibility": "public"}',
        '{"id": "1", "account": {"id": "2", "acct": "a"}, "visibility": []}',
        '{"configuration": {"statuses": {"max_characters": true, "characters_reserved_per_url": -1}}}',
    ],
)
async def test_odd_answers_before_publishing_send_nothing_wrong(
    home: MastodonHome, clock: VirtualClock, before: int, body: str
) -> None:
    """Whatever JSON comes instead of the account or the post nothing goes out; instead of limits, the usual hold."""
    status = home.publish("bad")
    home.order("read", Order("answer", 200, body=body.encode()), after=before)
    outcome = await answered(home, clock, "x" * 500, status)
    assert isinstance(outcome, NotSent)
    assert home.requests["write"] == 0


async def _within(clock: VirtualClock, asking: Any) -> SendOutcome:
    task = asyncio.ensure_future(asking)
    await clock.until(task.done, step=1.0, limit=20)
    outcome: SendOutcome = task.result()
    return outcome


async def test_a_key_that_the_server_forgot_is_published_again(home: MastodonHome, clock: VirtualClock) -> None:
    """Mastodon keeps keys for an hour; until then a reply that is asked for again is the first one."""
    status = home.publish("bad")
    first = await answered(home, clock, "sorry", status)
    assert await answered(home, clock, "other words", status) == first
    await clock.advance(3601)
    assert await answered(home, clock, "sorry", status) != first
    assert len(home.keys) == 3
    assert len(set(home.keys)) == 1


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({}, "MASTODON_REPLY_TOKEN is not set"),
        ({"mastodon_reply_token": SecretStr("a b\n")}, None),
        ({"mastodon_reply_token": SecretStr(" ")}, "MASTODON_REPLY_TOKEN is blank"),
        ({"mastodon_reply_token_file": Path("none")}, "MASTODON_REPLY_TOKEN_FILE"),
        ({"mastodon_reply_token": SecretStr("t"), "mastodon_reply_url": "http://example.com"}, "MASTODON_REPLY_URL"),
        ({"mastodon_reply_token": SecretStr("t"), "mastodon_url": "http://example.com"}, "MASTODON_URL"),
    ],
)
def test_a_setting_that_lacks_is_named(clock: VirtualClock, told: dict[str, Any], sentence: str | None) -> None:
    """No writer opens without a token, nor where the token would go out in clear."""
    settings = MastodonSettings(_env_file=None, **told)
    if sentence is None:
        assert settings.mastodon_account().token.get_secret_value() == "a b"
        return
    with pytest.raises(CredentialError, match=sentence):
        MastodonWriter(settings, clock)


@given(st.text(max_size=60), st.text(max_size=60))
def test_characters_add_up(one: str, other: str) -> None:
    """Texts that a control character sets apart count what each counts, and nothing more than its code points."""
    plain = one.replace("://", "").replace("@", "")
    assert characters(plain, 23) <= len(plain)
    other = other.replace("://", "").replace("@", "")
    assert characters(f"{plain}\x0b{other}", 23) == characters(plain, 23) + 1 + characters(other, 23)


def test_characters_are_mastodons() -> None:
    """A family is one, a link 23, a mention of another server its name alone."""
    assert characters("👩‍👩‍👧 é", 23) == 3
    assert characters("see https://example.com/" + "a" * 99, 23) == 4 + 23
    assert characters("@jane@a.very.long.example hi", 23) == len("@jane hi")
