"""A session of the account that replies, at its own server; its tokens are in memory alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.ingest.sources.network.json_api import ApiAnswer, JsonApi, RefusedError
from services.ingest.sources.reply_writer import NotSent
from services.ingest.sources.settings import BlueskyAccount
from shared.clock import Clock

REQUEST_SECONDS: Final = 6.0
NAME: Final = "the account's Bluesky server"
_EXPIRED: Final = ("ExpiredToken", "InvalidToken")
_TAKEN_DOWN: Final = ("AccountTakedown", "AccountDeactivated")
_WRONG: Final = NotSent("the account's server does not take BLUESKY_APP_PASSWORD for BLUESKY_IDENTIFIER")
_OWN_PASSWORD: Final = NotSent(
    "BLUESKY_APP_PASSWORD is a password that asks for a code besides: make an app password in the account's settings"
)
_SUSPENDED: Final = NotSent("the account of BLUESKY_IDENTIFIER is suspended or deactivated")
_NO_RIGHT: Final = NotSent("the account of BLUESKY_IDENTIFIER may not do this (403)")


@dataclass(frozen=True, repr=False)
class _Tokens:
    access: str
    refresh: str
    did: str


class BlueskySession:
    """Opened at the first question, renewed when it has expired; servers allow few log-ins a day."""

    def __init__(self, account: BlueskyAccount, clock: Clock) -> None:
        """Ask nothing yet."""
        self._account = account
        self.api = JsonApi(NAME, account.url, "BLUESKY_PDS_URL", clock)
        self._tokens: _Tokens | None = None

    async def did(self) -> str:
        """Return the account's DID; raises RefusedError, ApiError."""
        return (await self._open()).did

    async def read(self, method: str, params: Mapping[str, str]) -> ApiAnswer:
        """Return the answer to a question by its XRPC name, whatever its status; raises RefusedError, ApiError."""
        tokens = await self._open()
        answer = await self._ask("GET", method, tokens.access, params=params)
        if _is_expired(answer):
            tokens = await self._renew(tokens)
            answer = await self._ask("GET", method, tokens.access, params=params)
        return answer

    async def write(self, method: str, body: Mapping[str, Any], seconds: float) -> ApiAnswer:
        """Send one request that changes something; raises RefusedError, ApiError. It is never sent again."""
        tokens = await self._open()
        answer = await self._ask("POST", method, tokens.access, body=body, seconds=seconds)
        if _is_expired(answer):
            raise RefusedError(NotSent("the session has expired, and is renewed at the next try", retry=True))
        return answer

    def well(self, answer: ApiAnswer) -> ApiAnswer:
        """Return what `read` got; raises RefusedError where it is no success."""
        return self.api.well(answer, _known(answer))

    def refusal(self, answer: ApiAnswer) -> NotSent | None:
        """Return what an answer without success means, None where the server may have acted all the same."""
        return self.api.refusal(answer, _known(answer))

    async def _open(self) -> _Tokens:
        if self._tokens is None:
            account = self._account
            body = {"identifier": account.identifier, "password": account.password.get_secret_value()}
            answer = await self._ask("POST", "com.atproto.server.createSession", None, body=body)
            self._tokens = _tokens(self.api.well(answer, {400: _WRONG, **_known(answer)}))
        return self._tokens

    async def _renew(self, expired: _Tokens) -> _Tokens:
        """Return fresh tokens by the one for renewals, by the password where that has expired too."""
        self._tokens = None
        answer = await self._ask("POST", "com.atproto.server.refreshSession", expired.refresh)
        if answer.is_well:
            self._tokens = _tokens(answer)
        return await self._open()

    async def _ask(
        self,
        verb: str,
        method: str,
        token: str | None,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> ApiAnswer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        path = f"/xrpc/{method}"
        return await self.api.ask(verb, path, params=params, body=body, headers=headers, seconds=seconds)


def _is_expired(answer: ApiAnswer) -> bool:
    return answer.status in {400, 401} and answer.told.get("error") in _EXPIRED


def _known(answer: ApiAnswer) -> dict[int, NotSent]:
    """Return what statuses mean, by the error's name where the status alone does not say it."""
    error = answer.told.get("error")
    if error in _TAKEN_DOWN:
        return {answer.status: _SUSPENDED}
    if error == "AuthFactorTokenRequired":
        return {answer.status: _OWN_PASSWORD}
    return {401: _WRONG, 403: _NO_RIGHT}


def _tokens(answer: ApiAnswer) -> _Tokens:
    access, refresh, did = (answer.told.get(name) for name in ("accessJwt", "refreshJwt", "did"))
    if not (isinstance(access, str) and isinstance(refresh, str) and isinstance(did, str) and did.startswith("did:")):
        raise RefusedError(NotSent(f"{NAME} opened a session that cannot be read", retry=True))
    return _Tokens(access, refresh, did)
