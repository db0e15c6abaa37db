"""The HTTP face of replies, rules and tickets."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.ingest.api import replies as replies_api
from services.ingest.api import tickets as tickets_api
from services.ingest.replies.settings import ReplySettings
from services.ingest.vault.cipher import Cipher
from shared.access import digest_of
from shared.pages import Position, encode_cursor
from shared.web.application import build_app
from tests.unit.ingest.replies.conftest import World, seen
from tests.unit.ingest.replies.replies import TEMPLATE, a_reply, a_rule

RULE: dict[str, Any] = {"brand": "aerolume", "sentiment_below": 0.3, "template": TEMPLATE}
WRITER, READER = "writer-secret", "reader-secret"


@asynccontextmanager
async def serving(world: World, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the routes over the world."""
    opened: Any = SimpleNamespace(replies=world.replies(**changes))
    keys = f"writer:read+write+reply:{digest_of(WRITER)},reader:read:{digest_of(READER)}"
    settings = ReplySettings(_env_file=None, api_keys=keys)
    routers = [replies_api.router, tickets_api.router]
    app = build_app("ingest", "A test.", settings, routers, CollectorRegistry(), lambda: nullcontext(opened))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {WRITER}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest", headers=headers) as client:
            yield client


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client with a writer's key."""
    async with serving(world) as client:
        yield client


async def drafts(world: World, *numbers: int) -> None:
    """Have complaints come that a rule answers."""
    await world.drafted(*[seen(number) for number in numbers])


async def test_a_rule_is_put_shown_listed_and_deleted(http: httpx.AsyncClient) -> None:
    """The answer holds the rule with its name and every default; after a delete it is 404."""
    put = await http.put("/v1/reply-rules/sorry", json=RULE)
    assert put.status_code == 200
    assert put.json() | {"name": "sorry", "approval": "person", "dry_run": False, "platforms": ["x"]} == put.json()
    assert (await http.get("/v1/reply-rules/sorry")).json() == put.json()
    await http.put("/v1/reply-rules/other", json=RULE)
    first = (await http.get("/v1/reply-rules?limit=1")).json()
    second = (await http.get(f"/v1/reply-rules?limit=1&cursor={first['next_cursor']}")).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["other", "sorry"]
    assert second["next_cursor"] is None
    assert (await http.delete("/v1/reply-rules/sorry")).status_code == 204
    assert (await http.delete("/v1/reply-rules/sorry")).status_code == 404
    assert (await http.get("/v1/reply-rules/sorry")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"template": "{{ ticket.__class__ }}"}, "only names, texts"),
        ({"template": "x" * 300}, "300 of the 280"),
        ({"sentiment_below": 2}, "less than or equal to 1"),
        ({"aproval": "automatic"}, "aproval"),
        ({"brand": "../x"}, "brand"),
        ({"template": "\ud800" * 3}, "template"),
    ],
)
async def test_a_wrong_rule_is_422(http: httpx.AsyncClient, changes: dict[str, Any], words: str) -> None:
    """The problem names the field and what to do; nothing is stored."""
    body = json.dumps(RULE | changes)
    answer = await http.put("/v1/reply-rules/sorry", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert words in answer.text
    assert (await http.get("/v1/reply-rules")).json()["items"] == []


async def test_there_are_no_more_than_200_rules(http: httpx.AsyncClient, world: World) -> None:
    """The next new one is 409; one that is there may be changed."""
    for number in range(200):
        await world.store.put_rule(a_rule(f"rule-{number}"))
    assert (await http.put("/v1/reply-rules/one-more", json=RULE)).status_code == 409
    assert (await http.put("/v1/reply-rules/rule-7", json=RULE)).status_code == 200


async def test_the_queue_is_listed_in_pages(http: httpx.AsyncClient, world: World) -> None:
    """A draft shows words and facts for a person, and nothing by which its author could be found."""
    await drafts(world, 1, 2, 3)
    first = (await http.get("/v1/replies", params={"state": "draft", "limit": 2})).json()
    rest = (await http.get("/v1/replies", params={"state": "draft", "cursor": first["next_cursor"]})).json()
    items = first["items"] + rest["items"]
    assert len({item["id"] for item in items}) == 3
    assert rest["next_cursor"] is None
    assert items[0]["text"] == f"We are sorry. Your ticket is {items[0]['ticket']}."
    assert items[0]["post_text"] == "@user you lost my bag"
    assert not {"author", "content", "post_id", "author_key", "post_key"} & set(items[0])
    assert "post-1" not in str(items)
    assert (await http.get("/v1/replies", params={"brand": "other"})).json()["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=nonsense", "state=lost", "brand=No%20Slug"])
async def test_a_wrong_question_is_422(http: httpx.AsyncClient, query: str) -> None:
    """Limits, cursors, states and brands are checked, for replies and for tickets."""
    assert (await http.get(f"/v1/replies?{query}")).status_code == 422
    if "state" not in query:
        assert (await http.get(f"/v1/tickets?{query}")).status_code == 422


async def test_cursors_of_other_lists_are_422(http: httpx.AsyncClient) -> None:
    """A position of another form is refused, as is a number that no store can hold."""
    positions: list[Position] = [["a"], ["a", "b"], [1, 2], [2**64, "a"]]
    for position in positions:
        cursor = encode_cursor(position)
        assert (await http.get("/v1/replies", params={"cursor": cursor})).status_code == 422


async def test_a_draft_is_approved_once(http: httpx.AsyncClient, world: World) -> None:
    """The answer shows it approved; again it is 409; with other words those are shown."""
    await drafts(world, 1, 2)
    one, two = (await http.get("/v1/replies")).json()["items"]
    approved = await http.post(f"/v1/replies/{one['id']}/approve")
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    assert (await http.post(f"/v1/replies/{one['id']}/approve")).status_code == 409
    changed = await http.post(f"/v1/replies/{two['id']}/approve", json={"text": "We call you."})
    assert changed.json()["text"] == "We call you."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"text": "x" * 281}, "281 of the 280"),
        ({"text": "  "}, "text"),
        ({"txt": "x"}, "txt"),
        ({"although_unknown": 7}, "although"),
    ],
)
async def test_wrong_words_are_422(http: httpx.AsyncClient, world: World, body: dict[str, Any], words: str) -> None:
    """Too long, blank or misspelt: the draft waits on as it was."""
    await drafts(world, 1)
    (draft,) = (await http.get("/v1/replies")).json()["items"]
    answer = await http.post(f"/v1/replies/{draft['id']}/approve", json=body)
    assert answer.status_code == 422
    assert words in answer.text
    assert (await http.get("/v1/replies")).json()["items"] == [draft]


async def test_a_draft_is_rejected_for_good(http: httpx.AsyncClient, world: World) -> None:
    """Its words are forgotten, and it cannot be approved or rejected again."""
    await drafts(world, 1)
    (draft,) = (await http.get("/v1/replies")).json()["items"]
    rejected = await http.post(f"/v1/replies/{draft['id']}/reject", json={"reason": "a joke"})
    assert (rejected.json()["state"], rejected.json()["known"]) == ("rejected", "rejected: a joke")
    for verb in ("approve", "reject"):
        assert (await http.post(f"/v1/replies/{draft['id']}/{verb}")).status_code == 409
    (shown,) = (await http.get("/v1/replies")).json()["items"]
    assert (shown["text"], shown["post_text"], shown["ticket"]) == (None, None, None)
    assert await world.vault.page("reply") == []


async def test_an_unknown_reply_asks_for_a_look(http: httpx.AsyncClient, world: World) -> None:
    """Without the word that a person looked it is 409, with it the reply is approved again."""
    await drafts(world, 1)
    (draft,) = await world.listed()
    await world.store.swap(draft, draft.model_copy(update={"state": "unknown", "doubtful": True, "version": 2}))
    refused = await http.post(f"/v1/replies/{draft.id}/approve")
    assert refused.status_code == 409
    assert "look on the platform" in refused.json()["detail"]
    again = await http.post(f"/v1/replies/{draft.id}/approve", json={"although_unknown": True})
    assert again.json()["state"] == "approved"


async def test_what_is_not_there_is_404_and_nonsense_422(http: httpx.AsyncClient) -> None:
    """For approving and rejecting alike."""
    for verb in ("approve", "reject"):
        assert (await http.post(f"/v1/replies/{a_reply().id}/{verb}")).status_code == 404
        assert (await http.post(f"/v1/replies/nonsense/{verb}")).status_code == 422


async def test_a_draft_whose_letter_is_gone_is_409(http: httpx.AsyncClient, world: World) -> None:
    """Without its raw id it cannot be sent."""
    await world.store.add(a_reply())
    answer = await http.post(f"/v1/replies/{a_reply().id}/approve")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "what is needed to send this reply is not kept any more",
    )


async def test_a_reading_key_changes_nothing(http: httpx.AsyncClient, world: World) -> None:
    """Drafts (they hold texts), approving, rejecting and changes of rules are 403; no key at all is 401."""
    reading = {"authorization": f"Bearer {READER}"}
    await drafts(world, 1)
    (draft,) = (await http.get("/v1/replies")).json()["items"]
    assert (await http.get("/v1/replies", headers=reading)).status_code == 403
    for verb in ("approve", "reject"):
        assert (await http.post(f"/v1/replies/{draft['id']}/{verb}", headers=reading)).status_code == 403
    assert (await http.put("/v1/reply-rules/sorry", json=RULE, headers=reading)).status_code == 403
    assert (await http.delete("/v1/reply-rules/sorry", headers=reading)).status_code == 403
    assert (await http.get("/v1/tickets", headers={"authorization": ""})).status_code == 401


async def test_a_rule_that_sends_by_itself_needs_more_than_a_writing_key(http: httpx.AsyncClient) -> None:
    """A key that uploads posts cannot publish in the brand's name."""
    answer = await http.put("/v1/reply-rules/sorry", json=RULE | {"approval": "automatic"})
    assert answer.status_code == 403
    assert "admin" in answer.json()["detail"]


@pytest.mark.parametrize("changes", [{"replies_enabled": False}, {"replies_dry_run": True}])
async def test_while_replies_are_off_nothing_is_approved(world: World, changes: dict[str, Any]) -> None:
    """The answer names the settings; lists and rules can be used."""
    await drafts(world, 1)
    async with serving(world, **changes) as http:
        (draft,) = (await http.get("/v1/replies")).json()["items"]
        answer = await http.post(f"/v1/replies/{draft['id']}/approve")
        assert answer.status_code == 409
        assert "REPLIES_ENABLED" in answer.json()["detail"]
        assert (await http.put("/v1/reply-rules/more", json=RULE)).status_code == 200


async def test_tickets_are_listed_with_their_deliveries(with_zendesk: World) -> None:
    """Each with the state of each delivery, in pages, without the text."""
    await drafts(with_zendesk, 1, 2)
    replies = with_zendesk.replies()
    assert replies.ticket_sender is not None
    await replies.ticket_sender.turn()
    async with serving(with_zendesk) as http:
        first = (await http.get("/v1/tickets", params={"limit": 1})).json()
        rest = (await http.get("/v1/tickets", params={"cursor": first["next_cursor"], "brand": "aerolume"})).json()
    items = first["items"] + rest["items"]
    assert sorted(item["deliveries"][0]["state"] for item in items) == ["delivered", "waiting"]
    assert items[0]["deliveries"][0]["desk"] == "zendesk"
    assert "bag" not in str(items)
    contents = [await replies.approvals.contents.find(reply.content) for reply in await with_zendesk.listed()]
    assert {item["id"] for item in items} == {content.ticket for content in contents if content}
    assert {item["id"][:3] for item in items} == {"VP-"}


async def test_a_ticket_whose_id_no_key_opens_is_listed_without_it(with_zendesk: World) -> None:
    """After a change of keys without the earlier one, the list shows what it can."""
    await drafts(with_zendesk, 1)
    with_zendesk.vault.cipher = Cipher(b"another key of tests, of more than 32 bytes")
    async with serving(with_zendesk) as http:
        (item,) = (await http.get("/v1/tickets")).json()["items"]
    assert (item["id"], item["rule"]) == ("", "sorry")
