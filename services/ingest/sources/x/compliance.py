"""X's batch compliance: ids are uploaded, X works through them, and the answer names those that are gone.

By httpx instead of tweepy, because only one of the four steps is a call that tweepy knows to make whole: upload and
download go to addresses of a storage service, which must not see the app's token.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.x.errors import DEFAULT_WAIT, XError, classify
from shared.clock import Clock
from shared.errors import PeerUnavailableError

API: Final = "https://api.twitter.com"
REQUEST_SECONDS: Final = 60.0
FIRST_LOOK_SECONDS: Final = 10.0
MOST_LOOK_SECONDS: Final = 120.0
BATCH_SECONDS: Final = 3600.0
_MOST_BODY: Final = 64 * 1024
_MOST_LINE: Final = 1024
"""Bytes of a line of the answer, on average; X writes about 150."""

Reason = Literal["deleted", "protected"]
_REASONS: Final[dict[str, Reason]] = {"protected": "protected", "deactivated": "protected", "suspended": "protected"}
"""What hides an account, with all its posts, and may end; whatever else X wants deleted is gone."""


class XCompliance:
    """Asks X which posts are gone. Its `repr` tells no token."""

    most_ids = 50_000

    def __init__(self, http: httpx.AsyncClient, bearer: SecretStr, clock: Clock, api: str = API) -> None:
        """Ask `api` through `http`, which the caller closes, with the app's bearer token."""
        self._http = http
        self._bearer = bearer
        self._clock = clock
        self._api = api.rstrip("/")

    async def gone(self, post_ids: Sequence[str]) -> dict[str, Reason]:
        """Return those of the posts that X says are gone, each with the reason; ids that were not asked for are not.

        Takes minutes, an hour at the most. Raises CredentialError where X does not know the token, SourceRefusedError
        where the plan lacks batch compliance, PeerUnavailableError where X is away, busy with another batch
        of this app, or fails: ask again later, nothing has to be cleared away.
        """
        asked = frozenset(post_ids)
        if not asked:
            return {}
        batch = await self._ask("POST", "/2/compliance/jobs", json={"type": "tweets"})
        upload, download = self._address(batch, "upload_url"), self._address(batch, "download_url")
        await self._upload(upload, asked)
        await self._until_complete(batch)
        return {post_id: reason async for post_id, reason in self._download(download, len(asked)) if post_id in asked}

    async def _upload(self, url: str, post_ids: frozenset[str]) -> None:
        content = "\n".join(sorted(post_ids)).encode()
        try:
            response = await self._http.put(
                url, content=content, headers={"content-type": "text/plain"}, timeout=REQUEST_SECONDS
            )
        except httpx.HTTPError as error:
            raise _away(f"the upload of ids broke off ({type(error).__name__})") from None
        if not response.is_success:
            raise _away(f"X's storage refused the ids ({response.status_code})")

    async def _until_complete(self, batch: dict[str, Any]) -> None:
        batch_id = str(batch.get("id"))
        if not batch_id.isascii() or not batch_id.isdecimal():
            raise _away("X named a batch by no number")
        ends, wait = self._clock.monotonic() + BATCH_SECONDS, FIRST_LOOK_SECONDS
        while self._clock.monotonic() < ends:
            await self._clock.sleep(wait)
            wait = min(2 * wait, MOST_LOOK_SECONDS)
            status = (await self._ask("GET", f"/2/compliance/jobs/{batch_id}")).get("status")
            if status == "complete":
                return
            if status in {"failed", "expired"}:
                raise _away(f"X gave the batch up ({status})")
        raise _away("X did not finish the batch within an hour")

    async def _download(self, url: str, asked: int) -> AsyncIterator[tuple[str, Reason]]:
        try:
            async with self._http.stream("GET", url, timeout=REQUEST_SECONDS) as response:
                if not response.is_success:
                    raise _away(f"X's storage did not give the answer ({response.status_code})")
                async for line in _lines(response, asked * _MOST_LINE + _MOST_BODY):
                    if (found := _read(line)) is not None:
                        yield found
        except httpx.HTTPError as error:
            raise _away(f"the answer broke off ({type(error).__name__})") from None

    async def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._bearer.get_secret_value()}"}
        try:
            response = await self._http.request(
                method, self._api + path, headers=headers, timeout=REQUEST_SECONDS, **content
            )
        except httpx.HTTPError as error:
            raise _away(f"X cannot be reached ({type(error).__name__})") from None
        try:
            body = response.json() if len(response.content) <= _MOST_BODY else None
        except (ValueError, RecursionError):
            body = None
        if not response.is_success:
            raise _raised(classify(response.status_code, response.headers, body, self._clock.now()))
        answer = body.get("data") if isinstance(body, dict) else None
        if not isinstance(answer, dict):
            raise _away("X answered something else than a batch")
        return answer

    def _address(self, batch: dict[str, Any], name: str) -> str:
        url = batch.get(name)
        if not isinstance(url, str) or urlsplit(url).scheme != urlsplit(self._api).scheme:
            raise _away("X named no address for the ids")
        return url


async def _lines(response: httpx.Response, most: int) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in response.aiter_bytes():
        most -= len(chunk)
        if most < 0:
            raise _away("X's answer is longer than what was asked")
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    yield rest


def _read(line: bytes) -> tuple[str, Reason] | None:
    """Return a post and why it is gone; None where the line says something else, or nothing that can be read."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("action") != "delete" or not isinstance(told.get("id"), str | int):
        return None
    return str(told["id"]), _REASONS.get(str(told.get("reason")), "deleted")


def _raised(error: XError) -> Exception:
    if error.kind == "credentials":
        return CredentialError(f"{error.sentence}: check X_BEARER_TOKEN")
    if error.kind == "plan":
        return SourceRefusedError(f"{error.sentence}: deletions on X reach profiles by batch compliance alone")
    return _away(error.sentence, int(error.wait) or int(DEFAULT_WAIT))


def _away(sentence: str, retry_after: int = int(DEFAULT_WAIT)) -> PeerUnavailableError:
    return PeerUnavailableError("x", f"{sentence}; the round is made again", retry_after)
