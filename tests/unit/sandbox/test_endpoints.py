"""The sandbox's endpoints answer as X's do."""

import json
from typing import Any

import aiohttp
import pytest

from sandbox.sandbox import Sandbox
from tests.unit.ingest.virtual_clock import VirtualClock

RECENT = "/2/tweets/search/recent"
RULES = "/2/tweets/search/stream/rules"
STREAM = "/2/tweets/search/stream"


async def found(http: aiohttp.ClientSession, **query: str) -> tuple[int, Any]:
    """Search, and return status and answer."""
    async with http.get(RECENT, params={"query": "from:somebody", **query}) as response:
        return response.status, await response.json()


async def test_search_goes_in_pages_from_the_newest(
    http: aiohttp.ClientSession, sandbox: Sandbox, clock: VirtualClock
) -> None:
    """`next_token` leads on until there is no more; the last 30 s are not shown yet."""
    posts = [sandbox.publish(f"post {number}") for number in range(25)]
    assert (await found(http))[1] == {"meta": {"result_count": 0}}
    await clock.advance(31)
    ids: list[str] = []
    query: dict[str, str] = {"max_results": "10"}
    while True:
        _, page = await found(http, **query)
        ids += [post["id"] for post in page["data"]]
        if "next_token" not in page["meta"]:
            break
        query["next_token"] = page["meta"]["next_token"]
    assert ids == [str(post.id) for post in reversed(posts)]
    assert set(sandbox.timeline.found.values()) == {1}


async def test_since_and_until_are_exclusive(
    http: aiohttp.ClientSession, sandbox: Sandbox, clock: VirtualClock
) -> None:
    """And `start_time` is not."""
    posts = [sandbox.publish(f"post {number}") for number in range(5)]
    await clock.advance(31)
    _, page = await found(http, since_id=str(posts[0].id), until_id=str(posts[4].id))
    assert [post["id"] for post in page["data"]] == [str(post.id) for post in reversed(posts[1:4])]
    _, page = await found(http, start_time=f"{posts[0].created_at:%Y-%m-%dT%H:%M:%SZ}")
    assert page["meta"]["result_count"] == 5


@pytest.mark.parametrize(
    "query",
    [
        {"since_id": "1"},
        {"since_id": "x"},
        {"max_results": "9"},
        {"max_results": "101"},
        {"next_token": "!"},
        {"query": "nonsense:x"},
        {"start_time": "2020-01-01T00:00:00Z"},
        {"end_time": "2026-03-02T12:00:00Z"},
        {"start_time": "yesterday"},
        {"unknown": "1"},
    ],
)
async def test_parameters_that_x_refuses_are_400(http: aiohttp.ClientSession, query: dict[str, str]) -> None:
    """In X's shape."""
    status, answer = await found(http, **query)
    assert (status, answer["title"]) == (400, "Invalid Request")


async def test_only_what_is_asked_for_is_told(
    http: aiohttp.ClientSession, sandbox: Sandbox, clock: VirtualClock
) -> None:
    """Without fields and expansions a post is its id and text."""
    sandbox.publish("a < b")
    await clock.advance(31)
    _, bare = await found(http)
    assert set(bare["data"][0]) == {"id", "text", "edit_history_tweet_ids"}
    assert bare["data"][0]["text"] == "a &lt; b"
    assert "includes" not in bare
    asked = {"tweet.fields": "author_id,lang", "expansions": "author_id", "user.fields": "public_metrics"}
    _, whole = await found(http, **asked)
    assert whole["data"][0]["author_id"] == whole["includes"]["users"][0]["id"]
    assert whole["includes"]["users"][0]["public_metrics"]["followers_count"] == 12


async def test_a_deleted_post_and_one_that_search_never_indexes_are_not_found(
    http: aiohttp.ClientSession, sandbox: Sandbox, clock: VirtualClock
) -> None:
    """But the one beside them is."""
    gone, _, stays = sandbox.publish("gone"), sandbox.publish("hidden", is_searchable=False), sandbox.publish("stays")
    sandbox.timeline.delete(gone.id)
    await clock.advance(31)
    _, page = await found(http)
    assert [post["id"] for post in page["data"]] == [str(stays.id)]


async def test_the_rate_is_limited_and_told(http: aiohttp.ClientSession, sandbox: Sandbox, clock: VirtualClock) -> None:
    """Three headers with every answer; past the limit 429 until the window ends."""
    sandbox.limits.allowed["search"] = 2
    for left in ("1", "0"):
        async with http.get(RECENT, params={"query": "a"}) as response:
            assert (response.status, response.headers["x-rate-limit-remaining"]) == (200, left)
    async with http.get(RECENT, params={"query": "a"}) as response:
        assert response.status == 429
        assert 0 < int(response.headers["x-rate-limit-reset"]) - clock.now().timestamp() <= 901
    await clock.advance(901)
    assert (await found(http))[0] == 200


async def test_a_wrong_token_is_401(http: aiohttp.ClientSession) -> None:
    """Everywhere."""
    for path in (RECENT, RULES, STREAM, "/2/users/me"):
        async with http.get(path, headers={"Authorization": "Bearer wrong"}) as response:
            assert (response.status, (await response.json())["title"]) == (401, "Unauthorized")


async def test_rules_are_added_listed_and_deleted(http: aiohttp.ClientSession) -> None:
    """A value twice is a DuplicateRule, a wrong one spoils all that came with it, and a dry run changes nothing."""
    async with http.post(RULES, json={"add": [{"value": "a", "tag": "t"}, {"value": "b"}]}) as response:
        assert response.status == 201
        added = (await response.json())["data"]
    assert [set(rule) for rule in added] == [{"id", "value", "tag"}, {"id", "value"}]
    async with http.post(RULES, json={"add": [{"value": "a"}]}) as response:
        assert (await response.json())["errors"][0]["title"] == "DuplicateRule"
    async with http.post(RULES, json={"add": [{"value": "c"}, {"value": "geo:1"}]}) as response:
        assert response.status == 400
    async with http.post(RULES, params={"dry_run": "true"}, json={"add": [{"value": "d"}]}) as response:
        assert response.status == 201
    async with http.post(RULES, json={"delete": {"ids": [added[0]["id"], "1"]}}) as response:
        assert (await response.json())["meta"]["summary"] == {"deleted": 1, "not_deleted": 1}
    async with http.get(RULES) as response:
        assert [rule["value"] for rule in (await response.json())["data"]] == ["b"]


async def test_a_stream_is_lines_that_end_in_crlf(
    http: aiohttp.ClientSession, sandbox: Sandbox, clock: VirtualClock
) -> None:
    """Posts with the rules that they match, and an empty line after 20 s without one; a second stream is refused."""
    sandbox.rules.change({"add": [{"value": "hello", "tag": "t"}]})
    async with http.get(STREAM) as response:
        await sandbox.until(lambda: bool(sandbox.connections))
        sandbox.publish("nobody asked")
        post = sandbox.publish("hello")
        line = await response.content.readline()
        assert line.endswith(b"}\r\n")
        told = json.loads(line)
        assert (told["data"]["id"], told["matching_rules"][0]["tag"]) == (str(post.id), "t")
        assert sandbox.timeline.sent == {post.id: 1}
        await clock.advance(21)
        assert await response.content.readline() == b"\r\n"
        async with http.get(STREAM) as second:
            assert (second.status, (await second.json())["connection_issue"]) == (429, "TooManyConnections")
    await sandbox.until(lambda: not sandbox.connections)


@pytest.mark.parametrize("kind", ["close", "disconnect", "cut", "drop"])
async def test_a_stream_ends_as_ordered(http: aiohttp.ClientSession, sandbox: Sandbox, kind: str) -> None:
    """Properly, with a message, at once, or in the middle of a line, whose post then does not count as sent."""
    sandbox.rules.change({"add": [{"value": "hello"}]})
    read = b""
    try:
        async with http.get(STREAM) as response:
            await sandbox.until(lambda: bool(sandbox.connections))
            sandbox.order("stream", kind)  # type: ignore[arg-type]
            sandbox.publish("hello")
            async for chunk in response.content.iter_any():
                read += chunk
        ended = True
    except aiohttp.ClientError:
        ended = False
    assert ended == (kind in {"close", "disconnect"})
    assert (b"operational-disconnect" in read) == (kind == "disconnect")
    assert read.endswith(b"\r\n") == (kind == "disconnect")
    assert not sandbox.timeline.sent


async def test_the_control_paths_tell_and_order_everything(http: aiohttp.ClientSession, clock: VirtualClock) -> None:
    """For a sandbox in another process: publish, delete, order faults, and read what happened."""
    async with http.post("/control/posts", json={"text": "hello", "username": "somebody", "likes": 3}) as response:
        assert response.status == 201
        post_id = (await response.json())["id"]
    async with http.post("/control/faults", json={"place": "search", "kind": "html-503"}) as response:
        assert response.status == 202
    async with http.post("/control/faults", json={"place": "search", "kind": "rain"}) as response:
        assert response.status == 400
    await clock.advance(31)
    async with http.get(RECENT, params={"query": "hello"}) as response:
        assert (response.status, response.content_type) == (503, "text/html")
    await found(http, query="hello")
    async with http.get("/control/state") as response:
        state = await response.json()
    assert (state["published"], state["found"], state["sent"]) == ([post_id], {post_id: 1}, {})
    assert state["requests"] == {"search": 2}
    async with http.delete(f"/control/posts/{post_id}") as response:
        assert response.status == 204
    async with http.delete(f"/control/posts/{post_id}") as response:
        assert response.status == 404
    async with http.post("/control/posts", data="{") as response:
        assert response.status == 400


async def test_an_unknown_path_is_a_problem(http: aiohttp.ClientSession) -> None:
    """Not the framework's page."""
    async with http.get("/2/nothing") as response:
        assert (response.status, (await response.json())["status"]) == (404, 404)
