"""Refuses a body of another media type than its route takes, before it is read."""

import re
from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.problems import problem

JSON = "application/json"
CSV = "text/csv"
_JSON = re.compile(r"application/(json|[a-z0-9.-]+\+json)")
_NO_LENGTH = {b"", b"0"}


class MediaType:
    """Pure ASGI middleware: 415 where a body is not said to be what the route takes, JSON where no other is declared.

    A page may have a browser send a form or plain text to any server, unasked; JSON it may not.
    """

    def __init__(self, app: ASGIApp, uploads: Mapping[re.Pattern[str], Sequence[str]]) -> None:
        """Guard `app`; `uploads` are the media types of paths that end as a pattern says."""
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] == "http" and _has_body(scope):
            path = scope["path"]
            wanted = next((media for ending, media in self._uploads.items() if ending.search(path)), (JSON,))
            if not any(_is_said_to_be(media, scope) for media in wanted):
                refusal = problem(415, f"the body must be sent as Content-Type: {' or '.join(wanted)}")
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _has_body(scope: Scope) -> bool:
    names = {name: value.strip() for name, value in scope["headers"]}
    return b"transfer-encoding" in names or names.get(b"content-length", b"") not in _NO_LENGTH


def _is_said_to_be(wanted: str, scope: Scope) -> bool:
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type"]
    plain = [value.partition(";")[0].strip().lower() for value in said]
    fits = _JSON.fullmatch if wanted == JSON else wanted.__eq__
    return bool(plain) and all(fits(media) for media in plain)
