"""The control paths, for a sandbox that runs as a process of its own. They ask for no key: keep it on loopback."""

from typing import Any

from aiohttp import web

from sandbox.post import SandboxAccount
from sandbox.state import SandboxState

_ACCOUNT = ("followers", "following", "posts", "listed", "verified", "protected")
_POST = ("language", "likes", "reposts", "replies", "is_repost", "in_reply_to", "is_searchable")


def add_control(app: web.Application, sandbox: SandboxState) -> None:
    """Add the paths.

    - `GET /control/state`: what was published, sent into streams and found by searches (ids with counts), requests
      by place, connections open and tried, replies.
    - `POST /control/posts` `{"text", "author_id"?, "username"?, ...}`: publish a post; 201 `{"id"}`.
    - `DELETE /control/posts/{id}`: take it out of search.
    - `POST /control/faults` `{"place", "kind", "seconds"?, "times"?, "text"?}`: order a fault.
    """

    async def state(_: web.Request) -> web.Response:
        return web.json_response(told(sandbox))

    async def publish(request: web.Request) -> web.Response:
        body = _object(await request.json())
        if not isinstance(body.get("text"), str):
            raise web.HTTPBadRequest(reason="text is missing")
        account = {name: body[name] for name in _ACCOUNT if name in body}
        author = SandboxAccount(
            str(body.get("author_id", "2000000001")), str(body.get("username", "somebody")), **account
        )
        post = sandbox.publish(body["text"], author, **{name: body[name] for name in _POST if name in body})
        return web.json_response({"id": str(post.id)}, status=201)

    async def delete(request: web.Request) -> web.Response:
        try:
            sandbox.timeline.delete(int(request.match_info["id"]))
        except KeyError:
            raise web.HTTPNotFound from None
        return web.Response(status=204)

    async def order(request: web.Request) -> web.Response:
        body = _object(await request.json())
        try:
            sandbox.order(body.pop("place", ""), body.pop("kind", ""), **body)
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(reason=str(error).splitlines()[0]) from None
        return web.Response(status=202)

    app.router.add_get("/control/state", state)
    app.router.add_post("/control/posts", publish)
    app.router.add_delete(r"/control/posts/{id:\d+}", delete)
    app.router.add_post("/control/faults", order)


def told(sandbox: SandboxState) -> dict[str, Any]:
    """Return everything that a test wants to know, as JSON."""
    timeline = sandbox.timeline
    return {
        "published": [str(post.id) for post in timeline.published()],
        "sent": {str(number): count for number, count in timeline.sent.items()},
        "found": {str(number): count for number, count in timeline.found.items()},
        "requests": dict(sandbox.requests),
        "connections": len(sandbox.connections),
        "connected_at": sandbox.connected_at,
        "replies": [vars(one) for one in sandbox.writer.written],
        "faults": [vars(fault) for fault in sandbox.faults.happened],
    }


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(reason="a JSON object is wanted")
    return body
