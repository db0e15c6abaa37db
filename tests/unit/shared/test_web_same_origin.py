"""What websites can make of a server without keys, seen from its ASGI side."""

from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from shared.access import Scope
from shared.errors import SettingsError
from shared.settings import ServiceSettings
from shared.web.same_origin import around
from tests.unit.shared.example_service import ALL_KEYS, bearer, example_app, secret_of

OWN = "http://127.0.0.1:8000"
LISTED = "https://dashboard.example"


def reached(**settings: Any) -> ASGIApp:
    """Return what the network reaches of a service."""
    return around(example_app(**settings), ServiceSettings(_env_file=None, **settings))


async def status_of(headers: dict[str, str], method: str = "GET", path: str = "/v1/items/1", **settings: Any) -> int:
    """Return the status of one request that has these headers, by default by the server's own name."""
    transport = httpx.ASGITransport(reached(**settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as http:
        return (await http.request(method, path, headers=headers)).status_code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.8.9.10:1",
        "localhost",
        "LocalHost:8000",
        "localhost.",
        "localhost.:8000",
        "[::1]",
        "[::1]:8000",
        "[0:0:0:0:0:0:0:1]:8000",
        "[::ffff:127.0.0.1]:8000",
        "localhost:",
    ],
)
async def test_names_of_this_machine_are_answered(host: str) -> None:
    """By address or name, with any port, in any spelling."""
    assert await status_of({"host": host}) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.localhost",
        "localhost:8000.evil.example",
        "localhost:8000@evil.example",
        "evil.example@localhost",
        "localhost:80:80",
        "0.0.0.0:8000",
        "10.0.0.1",
        "[::]",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "::1",
        "sentiment",
        "localhost evil",
        "localhost/evil",
        "",
    ],
)
async def test_any_other_name_is_misdirected(host: str) -> None:
    """A name that a website pointed at this machine is 421 for reads, orders and documentation alike."""
    assert await status_of({"host": host}) == 421
    assert await status_of({"host": host}, "POST", "/v1/orders") == 421
    assert await status_of({"host": host}, path="/docs") == 421
    assert await status_of({"host": host}, path="/metrics") == 421


@pytest.mark.parametrize("names", [[], ["127.0.0.1", "evil.example"], ["localhost", "localhost"]])
async def test_a_request_names_one_host(names: list[str]) -> None:
    """None, or two that a proxy and we might read differently, is 400."""
    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("its body is not read")

    headers = [(b"host", name.encode()) for name in names]
    scope = {"type": "http", "method": "GET", "path": "/v1/items/1", "query_string": b"", "headers": headers}
    await reached()(scope, receive, send)
    assert sent[0]["status"] == 400


async def test_other_names_are_listed_by_the_operator() -> None:
    """`VOXPOP_HOSTS` lets them in, with any port and in any case; loopback stays."""
    for host, status in (("Voxpop.Internal:8443", 200), ("[fd00::1]:80", 200), ("localhost", 200), ("other", 421)):
        assert await status_of({"host": host}, hosts="voxpop.internal, [fd00::1]") == status


@pytest.mark.parametrize(
    "hosts", ["http://voxpop.internal", "voxpop.internal:8000", "*", "a b", "ok.example,*.example"]
)
def test_a_name_that_is_none_stops_the_start(hosts: str) -> None:
    """The sentence names the setting and the form."""
    with pytest.raises(SettingsError, match="VOXPOP_HOSTS, entry"):
        reached(hosts=hosts)


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://localhost:8000"},
    {"origin": "http://127.0.0.1:3000"},
    {"origin": "http://127.0.0.1"},
    {"origin": "http://127.0.0.1:8000.evil.example"},
    {"origin": "http://evil.example@127.0.0.1:8000"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "something-new"},
    {"origin": OWN, "sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/items/1"), ("POST", "/v1/orders"), ("GET", "/metrics")])
async def test_a_page_of_another_origin_is_refused(headers: dict[str, str], method: str, path: str) -> None:
    """403 for orders and for reads, whichever of the browser's two headers says it."""
    assert await status_of(headers, method, path) == 403


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_link_from_elsewhere_leads_to_static_files(headers: dict[str, str]) -> None:
    """They tell nothing of anyone's data; other methods are refused there too."""
    for path in ("/docs", "/openapi.json"):
        assert await status_of(headers, path=path) == 200
        assert await status_of(headers, "POST", path=path) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": OWN},
        {"origin": OWN, "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"host": "localhost", "origin": "http://localhost:80"},
        {"host": "voxpop.internal", "origin": "https://voxpop.internal"},
    ],
)
async def test_commands_and_the_servers_own_pages_are_answered(headers: dict[str, str]) -> None:
    """No page, the server's own, or an address that a person typed; TLS may end before the server."""
    assert await status_of(headers, hosts="voxpop.internal") == 200


async def test_pages_of_listed_origins_are_answered() -> None:
    """`VOXPOP_CORS_ORIGINS` names them; they are asked for leave as before, and others are not."""
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    for origin, status in ((LISTED, 200), ("https://evil.example", 403)):
        page = {"origin": origin, "sec-fetch-site": "cross-site"}
        assert await status_of(page, cors_origins=LISTED) == status
        assert await status_of(page | asking, "OPTIONS", cors_origins=LISTED) == status


async def test_with_keys_no_page_gets_in_for_want_of_one() -> None:
    """Names and origins are not looked at: the service may stand behind any name, and a page has no key."""
    headers = {"host": "api.example", "origin": "https://evil.example"}
    assert await status_of(headers, api_keys=ALL_KEYS) == 401
    assert await status_of(headers | bearer(secret_of(Scope.READ)), api_keys=ALL_KEYS) == 200


async def test_refusals_are_problems_that_name_the_remedy() -> None:
    """With a request id, and without what was sent."""
    transport = httpx.ASGITransport(reached(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as http:
        misdirected = await http.get("/v1/items/1", headers={"host": "evil.example"})
        foreign = await http.get("/v1/items/1", headers={"origin": "https://evil.example"})
    for answer, setting in ((misdirected, "VOXPOP_HOSTS"), (foreign, "VOXPOP_CORS_ORIGINS")):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert setting in answer.json()["detail"]
        assert "evil" not in answer.text
