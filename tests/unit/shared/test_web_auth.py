"""Who gets in."""

import time

import pytest

from shared.access import Scope
from shared.errors import SettingsError
from tests.unit.shared.example_service import (
    ALL_KEYS,
    SERVICE_SECRET,
    bearer,
    client,
    example_app,
    exchange,
    secret_of,
)

READ = secret_of(Scope.READ)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {READ}", READ, f"Bearer {READ}x", "Bearer \xff"],
)
async def test_without_a_known_key_the_answer_is_401(authorization: str | None) -> None:
    """No key, a wrong one or another scheme: a problem that says what is needed and repeats nothing."""
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    async with client(example_app(api_keys=ALL_KEYS)) as http:
        response = await http.get("/v1/items/1", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "wrong" not in response.text


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_known_key_gets_in(scheme: str) -> None:
    """The scheme's case does not matter."""
    async with client(example_app(api_keys=ALL_KEYS)) as http:
        response = await http.get("/v1/items/1", headers={"authorization": f"{scheme} {READ}"})
    assert response.status_code == 200


@pytest.mark.parametrize("headers", [{}, bearer("wrong")])
async def test_a_stranger_is_refused_before_the_body_is_read(headers: dict[str, str]) -> None:
    """Nobody without a key makes the service take in a byte."""
    app = example_app(api_keys=ALL_KEYS)
    sent, taken = await exchange(app, "POST", "/v1/raw", chunks=[b"body"], headers=headers)
    assert sent[0]["status"] == 401
    assert taken == 0


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nowhere", "/v1/orders/"])
async def test_a_stranger_does_not_learn_which_paths_there_are(path: str) -> None:
    """Everything under /v1 is guarded, whether there is a route or not."""
    async with client(example_app(api_keys=ALL_KEYS)) as http:
        assert (await http.get(path)).status_code == 401


@pytest.mark.parametrize("held", Scope)
@pytest.mark.parametrize("asked", Scope)
async def test_a_route_is_opened_by_its_scope_and_by_admin(held: Scope, asked: Scope) -> None:
    """Any other scope is 403 with the scope that is missing."""
    async with client(example_app(api_keys=ALL_KEYS), headers=bearer(secret_of(held))) as http:
        response = await http.get(f"/v1/scoped/{asked}")
    if held in {asked, Scope.ADMIN}:
        assert response.status_code == 200
    else:
        assert response.status_code == 403
        assert response.json()["detail"] == f"this key lacks the scope '{asked}'"
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("asked", Scope)
async def test_on_loopback_without_keys_everything_is_open(asked: Scope) -> None:
    """An empty keyring asks nobody."""
    async with client(example_app()) as http:
        assert (await http.get(f"/v1/scoped/{asked}")).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_operation_and_documentation_need_no_key(path: str) -> None:
    """Probes, scrapers and readers get in."""
    async with client(example_app(api_keys=ALL_KEYS)) as http:
        assert (await http.get(path)).status_code == 200


async def test_past_its_rate_a_key_is_told_to_wait() -> None:
    """The request after the last allowed one is 429 with the seconds to wait, before its body is read."""
    app = example_app(api_keys=ALL_KEYS, rate_limit="2/day")
    async with client(app, headers=bearer(READ)) as http:
        answers = [await http.get("/v1/items/1") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].headers["content-type"] == "application/problem+json"
    sent, taken = await exchange(app, "POST", "/v1/raw", chunks=[b"body"], headers=bearer(READ))
    assert (sent[0]["status"], taken) == (429, 0)


async def test_a_clock_that_was_set_back_refuses_no_key_for_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted while the clock ran ahead is not counted any more; what comes after is."""
    real, year = time.time, 365 * 86400
    async with client(example_app(api_keys=ALL_KEYS, rate_limit="1/day")) as http:
        monkeypatch.setattr(time, "time", lambda: real() + year)
        assert [(await http.get("/v1/items/1", headers=bearer(READ))).status_code for _ in range(2)] == [200, 429]
        monkeypatch.setattr(time, "time", real)
        assert [(await http.get("/v1/items/1", headers=bearer(READ))).status_code for _ in range(2)] == [200, 429]


async def test_each_key_has_a_rate_of_its_own() -> None:
    """One client's haste costs another nothing, and strangers use up nobody's rate."""
    async with client(example_app(api_keys=ALL_KEYS, rate_limit="1/day")) as http:
        for _ in range(3):
            assert (await http.get("/v1/items/1")).status_code == 401
        for scope in (Scope.READ, Scope.WRITE):
            assert (await http.get("/v1/items/1", headers=bearer(secret_of(scope)))).status_code == 200
            assert (await http.get("/v1/items/1", headers=bearer(secret_of(scope)))).status_code == 429


async def test_the_services_own_key_has_no_rate() -> None:
    """Services are not held up by a limit that is meant for clients."""
    app = example_app(api_keys=ALL_KEYS, service_key=SERVICE_SECRET, rate_limit="1/day")
    async with client(app, headers=bearer(SERVICE_SECRET)) as http:
        assert {(await http.get("/v1/scoped/write")).status_code for _ in range(5)} == {200}


@pytest.mark.parametrize("rate_limit", ["", "many", "5", "5/fortnight"])
def test_a_malformed_rate_stops_the_start(rate_limit: str) -> None:
    """The error names the setting and shows its form."""
    with pytest.raises(SettingsError, match="VOXPOP_RATE_LIMIT must be such as 20/second"):
        example_app(rate_limit=rate_limit).build_middleware_stack()
