"""Authentication: bearer keys on every `/v1` route, checked before the body is read, with a rate limit per key."""

import time
from typing import Annotated

from fastapi import Depends, Request, Security, params
from fastapi.security import HTTPBearer
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from shared.access import ApiKey, Keyring, Scope
from shared.clock import SKEW
from shared.errors import SettingsError
from shared.web.problems import problem

_bearer = HTTPBearer(auto_error=False, description="An API key, made by `voxpop key new`")


class Authentication:
    """Pure ASGI middleware: 401 without a known key, 429 past the key's rate; services' own key has no rate.

    With an empty keyring every request gets in: `ServiceSettings.keyring` allows that on loopback alone.
    """

    def __init__(self, app: ASGIApp, keyring: Keyring, rate: RateLimitItem) -> None:
        """Guard `app`; each key may send requests at `rate`."""
        self._app = app
        self._keyring = keyring
        self._rate = rate
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._ahead = time.time() - time.monotonic()

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass one request on with its key in `scope["state"]`, or refuse it."""
        if scope["type"] != "http" or not self._keyring or not _is_guarded(scope):
            await self._app(scope, receive, send)
            return
        scheme, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        key = self._keyring.find(secret.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            refusal = problem(
                401, "an API key is needed: Authorization: Bearer KEY", headers={"WWW-Authenticate": "Bearer"}
            )
            await refusal(scope, receive, send)
            return
        if not key.internal and not await self._limits().hit(self._rate, key.name):
            seconds = max(1, int(self._rate.get_expiry() / self._rate.amount) + 1)
            refusal = problem(429, f"more than {self._rate} with this key", headers={"Retry-After": str(seconds)})
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["api_key"] = key
        await self._app(scope, receive, send)

    def _limits(self) -> MovingWindowRateLimiter:
        """Return the limiter: a new one where the time of day was set back, since what it counted lies ahead then."""
        ahead = time.time() - time.monotonic()
        if ahead < self._ahead - SKEW.total_seconds():
            self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._ahead = ahead
        return self._limiter


def parse_rate(rate_limit: str, setting: str = "VOXPOP_RATE_LIMIT") -> RateLimitItem:
    """Read a rate such as `20/second`; raises SettingsError, which names the setting."""
    try:
        return parse(rate_limit)
    except ValueError:
        raise SettingsError(f"{setting} must be such as 20/second or 1200/minute") from None


def opens(request: Request, scope: Scope) -> bool:
    """Tell whether the request's key opens `scope`; without keys everything is open."""
    key: ApiKey | None = getattr(request.state, "api_key", None)
    return key is None or key.allows(scope)


def check_scope(request: Request, scope: Scope) -> None:
    """Raise 403 where the request's key does not open `scope`: where query or body decides what is needed."""
    if not opens(request, scope):
        raise HTTPException(403, f"this key lacks the scope '{scope}'")


def check_service(request: Request) -> None:
    """Raise 403 where the request's key is not the services' own: where the query decides what is told."""
    key: ApiKey | None = getattr(request.state, "api_key", None)
    if key is not None and not key.internal:
        raise HTTPException(403, "this is for voxpop's own services alone, which show VOXPOP_SERVICE_KEY")


def requires(scope: Scope, *others: Scope) -> params.Depends:
    """Return the dependency of a route that a key must open by `scope` or one of `others`, else 403."""

    async def check(request: Request, _: Annotated[object, Depends(_bearer)] = None) -> None:
        if not any(opens(request, other) for other in others):
            check_scope(request, scope)

    dependency: params.Depends = Security(check)
    return dependency


def for_services() -> params.Depends:
    """Return the dependency of a route that is closed to every key but the services' own, else 403."""

    async def check(request: Request, _: Annotated[object, Depends(_bearer)] = None) -> None:
        check_service(request)

    dependency: params.Depends = Security(check)
    return dependency


def _is_guarded(scope: AsgiScope) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path == "/v1" or path.startswith("/v1/")
