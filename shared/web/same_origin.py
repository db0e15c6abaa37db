"""What a server without keys answers: requests by its own names, from its own pages, from no other website."""

import re
from collections.abc import Collection, Iterator

from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.settings import ServiceSettings, is_loopback
from shared.web.metrics import RequestMetrics
from shared.web.problems import problem
from shared.web.requests import RequestContext

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::(?P<port>[0-9]{0,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#@]+)")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_STATIC = re.compile(r"(/[a-z]+)?(/|/docs|/docs/oauth2-redirect|/openapi\.json|/static-offline-docs/.*|/favicon\.ico)")
"""Paths that tell nothing of what is stored: a link on another website may lead there."""
_OWN_SITES = {"same-origin", "none"}

Authority = tuple[str, str]
"""A name in lower case without a final dot, and a port, "" where none is said."""


class SameOrigin:
    """Pure ASGI middleware around all that the network may ask of a server that has no keys.

    A page that a person looks at can ask servers of that person's own machine, by a name that its owner points there
    (421), and with the page's own origin (403). A page has no key: a server with keys needs none of this.
    Calls between services of one process do not come this way.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = (), origins: Collection[str] = ()) -> None:
        """Let in what asks for loopback or one of `hosts`, from no page, the server's own or one of `origins`."""
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(origins)
        self._no_host = _refusal(400, "a request names one Host")
        self._misdirected = _refusal(
            421,
            "without API keys this server answers to the names of this machine alone, such as 127.0.0.1 and localhost; "
            "set VOXPOP_HOSTS to the other names that it has, or set VOXPOP_API_KEYS",
        )
        self._foreign = _refusal(
            403,
            "without API keys this server answers no page of another origin; set VOXPOP_CORS_ORIGINS to the origin "
            "of a page that you trust",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it before its body is read."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        hosts = list(_values(scope, b"host"))
        host = _authority(hosts[0]) if len(hosts) == 1 else None
        if len(hosts) != 1:
            answer = self._no_host
        elif host is None or not self._is_ours(host):
            answer = self._misdirected
        elif not (self._is_from_here(scope, host) or _is_static(scope)):
            answer = self._foreign
        else:
            answer = self._app
        await answer(scope, receive, send)

    def _is_ours(self, host: Authority) -> bool:
        name = host[0]
        return name in self._hosts or is_loopback(name.strip("[]"))

    def _is_from_here(self, scope: Scope, host: Authority) -> bool:
        """Tell whether no page sent the request, one of this server's or one of an origin that is listed.

        A browser leaves `Origin` out of some requests, and then says in `Sec-Fetch-Site` whose page it was; a page
        of another port of this machine is `same-site`.
        """
        origins = list(_values(scope, b"origin"))
        if origins and all(origin in self._origins for origin in origins):
            return True
        sites = _values(scope, b"sec-fetch-site")
        return all(_is_origin_of(origin, host) for origin in origins) and all(site in _OWN_SITES for site in sites)


def around(app: ASGIApp, settings: ServiceSettings) -> ASGIApp:
    """Return what the network may reach of `app`; raises SettingsError where the settings forbid a start."""
    if settings.keyring():
        return app
    return SameOrigin(app, settings.other_hosts(), settings.listed_origins())


def _values(scope: Scope, wanted: bytes) -> Iterator[str]:
    return (value.decode("latin-1").strip().lower() for name, value in scope["headers"] if name == wanted)


def _authority(text: str) -> Authority | None:
    found = _AUTHORITY.fullmatch(text)
    return (found["name"].removesuffix("."), found["port"] or "") if found else None


def _is_origin_of(origin: str, host: Authority) -> bool:
    """Tell whether `origin` is that of the server as `host` names it; TLS may end before it."""
    found = _ORIGIN.fullmatch(origin)
    own = _authority(found["authority"]) if found else None
    if found is None or own is None:
        return False
    default = _DEFAULT_PORTS[found["scheme"]]
    return (own[0], own[1] or default) == (host[0], host[1] or default)


def _is_static(scope: Scope) -> bool:
    return scope.get("method") in {"GET", "HEAD"} and _STATIC.fullmatch(scope["path"]) is not None


def _refusal(status: int, detail: str) -> ASGIApp:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await problem(status, detail)(scope, receive, send)

    return RequestContext(refuse, service="voxpop", metrics=RequestMetrics(CollectorRegistry()))
