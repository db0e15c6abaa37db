"""The answers of X that are no success, in the shapes that X gives them."""

import json
from typing import Any, Final

from aiohttp import web

_TYPE: Final = "https://api.twitter.com/2/problems/"
_HTML: Final = (
    '<!DOCTYPE html>\n<html lang="en"><head><title>503 Service Unavailable</title></head>'
    "<body><h1>Over capacity</h1><p>Try again in a moment.</p></body></html>\n"
)


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> web.Response:
    """Return a problem as the v2 endpoints write it."""
    body = {"title": title, "detail": detail, "type": kind if ":" in kind else _TYPE + kind, "status": status, **more}
    return web.Response(status=status, body=json.dumps(body), content_type="application/problem+json")


def unauthorized() -> web.Response:
    """Return what a missing or wrong token gets."""
    return problem(401, "Unauthorized", "Unauthorized")


def not_enrolled() -> web.Response:
    """Return what a plan without this endpoint gets (code 453 in the older shape)."""
    detail = (
        "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter "
        "developer App that is attached to a Project. You can create a project via the developer portal."
    )
    return problem(403, "Client Forbidden", detail, "client-forbidden", reason="client-not-enrolled")


def access_level() -> web.Response:
    """Return the older shape of a plan without this endpoint."""
    message = (
        "You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints only. If you need "
        "access to this endpoint, you may need a different access level."
    )
    return web.json_response({"errors": [{"message": message, "code": 453}]}, status=403)


def too_many_connections() -> web.Response:
    """Return what a second stream on the same token gets."""
    return problem(
        429,
        "ConnectionException",
        "This stream is currently at the maximum allowed connection limit.",
        "streaming-connection",
        connection_issue="TooManyConnections",
    )


def too_many_requests() -> web.Response:
    """Return what a client past its rate gets; the headers are the caller's."""
    return problem(429, "Too Many Requests", "Too Many Requests")


def usage_capped() -> web.Response:
    """Return what a project gets whose posts of the month are spent."""
    return problem(
        429,
        "UsageCapExceeded",
        "Usage cap exceeded: Monthly product cap",
        "usage-capped",
        period="Monthly",
        scope="Product",
    )


def invalid(parameter: str, value: str, message: str) -> web.Response:
    """Return what a wrong parameter gets."""
    return problem(
        400,
        "Invalid Request",
        "One or more parameters to your request was invalid.",
        "invalid-request",
        errors=[{"parameters": {parameter: [value]}, "message": message}],
    )


def forbidden(detail: str) -> web.Response:
    """Return what an author gets who may not do this."""
    return problem(403, "Forbidden", detail)


def over_capacity() -> web.Response:
    """Return the page of a proxy whose backends are away: HTML, where JSON is awaited."""
    return web.Response(status=503, body=_HTML, content_type="text/html")


def operational_disconnect() -> bytes:
    """Return the message that X writes into a stream that it is about to close."""
    error = {
        "title": "operational-disconnect",
        "disconnect_type": "UpstreamOperationalDisconnect",
        "detail": "This stream has been disconnected upstream for operational reasons.",
        "type": _TYPE + "operational-disconnect",
    }
    return json.dumps({"errors": [error]}).encode() + b"\r\n"


def deleted(post_id: str) -> dict[str, str]:
    """Return the partial error that stands for a post that is gone."""
    return {
        "resource_id": post_id,
        "parameter": "referenced_tweets.id",
        "resource_type": "tweet",
        "section": "includes",
        "title": "Not Found Error",
        "value": post_id,
        "detail": f"Could not find tweet with referenced_tweets.id: [{post_id}].",
        "type": _TYPE + "resource-not-found",
    }
