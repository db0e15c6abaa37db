"""The status that a reply answers, as the replying account's own server knows it."""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from services.ingest.sources.fields import id_of, inside, list_of, text_of
from services.ingest.sources.mastodon.status import server_of
from services.ingest.sources.network.json_api import ApiAnswer, JsonApi, RefusedError
from services.ingest.sources.reply_writer import NotSent
from services.ingest.sources.settings import MastodonSettings, MastodonVisibility
from shared.clock import Clock

REQUEST_SECONDS: Final = 6.0
_PLACE: Final = re.compile(r"(?P<id>[A-Za-z0-9]{1,64})@(?P<server>[^@/\s]{1,255})")
_ACCT: Final = re.compile(r"[^@\s/]{1,255}(@[^@\s/]{1,255})?")
_OPEN: Final = ("public", "unlisted")
_GONE: Final = NotSent("the post is not there any more, or not for this account", is_gone=True)
KNOWN: Final = {
    401: NotSent("the server does not take the token in MASTODON_REPLY_TOKEN (401)"),
    403: NotSent(
        "the token in MASTODON_REPLY_TOKEN may not do this (403): it needs the scopes read:accounts, read:search, "
        "read:statuses and write:statuses"
    ),
    404: _GONE,
    410: _GONE,
}
"""What statuses of the replying account's server mean."""
_KNOWN_TO_READ: Final = {
    401: NotSent("the server that MASTODON_URL names shows no post without a token: check MASTODON_ACCESS_TOKEN (401)"),
    404: _GONE,
    410: _GONE,
}


@dataclass(frozen=True, repr=False)
class MastodonParent:
    """Its id and its author's address as the replying account's server writes them, and who sees it."""

    status_id: str
    account_id: str
    acct: str
    visibility: MastodonVisibility


class MastodonParents:
    """Looks statuses up: by their id where they were read from the account's own server, else by their address."""

    def __init__(
        self, api: JsonApi, server: str, headers: dict[str, str], settings: MastodonSettings, clock: Clock
    ) -> None:
        """Ask through `api`, which is the account's own server, by name `server`; `headers` carry its token."""
        self._api = api
        self._server = server
        self._headers = headers
        self._settings = settings
        self._clock = clock

    async def find(self, post_id: str) -> MastodonParent:
        """Return the status with a post's id (`id@server`); raises RefusedError, ApiError."""
        place = _PLACE.fullmatch(post_id)
        if place is None:
            raise RefusedError(
                NotSent("this post has no id of a Mastodon server (one from a file may lack it): it cannot be answered")
            )
        server = place["server"].lower()
        if server == self._server:
            answer = await self.get(f"/api/v1/statuses/{quote(place['id'])}")
            return _parent(answer.told)
        if server != server_of(self._settings.mastodon_url):
            raise RefusedError(
                NotSent("this post was read from a server that neither MASTODON_URL nor MASTODON_REPLY_URL names")
            )
        return await self._resolved(await self._address(place["id"], server))

    async def get(self, path: str, params: dict[str, str] | None = None) -> ApiAnswer:
        """Return an answer of the account's own server; raises RefusedError, ApiError."""
        answer = await self._api.ask("GET", path, params=params, headers=self._headers, seconds=REQUEST_SECONDS)
        return self._api.well(answer, KNOWN)

    async def _address(self, status_id: str, server: str) -> str:
        """Return the address by which all servers know a status of the server that posts are read from."""
        api = JsonApi(server, self._settings.mastodon_url, "MASTODON_URL", self._clock)
        token = self._settings.mastodon_token()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            path = f"/api/v1/statuses/{quote(status_id)}"
            answer = await api.ask("GET", path, headers=headers, seconds=REQUEST_SECONDS)
            told = api.well(answer, _KNOWN_TO_READ).told
        finally:
            await api.aclose()
        address = text_of(told, "uri")
        if address is None or not address.startswith(("https://", "http://")):
            raise RefusedError(NotSent("the post has no address by which another server finds it"))
        return address

    async def _resolved(self, address: str) -> MastodonParent:
        answer = await self.get("/api/v2/search", {"q": address, "type": "statuses", "resolve": "true", "limit": "1"})
        for status in list_of(answer.told.get("statuses")):
            if inside(status, "uri") == address:
                return _parent(status)
        raise RefusedError(NotSent("the account's own server cannot find the post, or may not show it"))


def _parent(status: dict[str, Any]) -> MastodonParent:
    status_id, account = id_of(status), status.get("account")
    account_id = id_of(account) if isinstance(account, dict) else None
    acct = inside(account, "acct")
    if status_id is None or account_id is None or not isinstance(acct, str) or not _ACCT.fullmatch(acct):
        raise RefusedError(NotSent("the server's answer for the post cannot be read", retry=True))
    visibility = status.get("visibility")
    if visibility not in _OPEN:
        raise RefusedError(NotSent("the post is not public any more"))
    return MastodonParent(status_id, account_id, acct, "public" if visibility == "public" else "unlisted")
