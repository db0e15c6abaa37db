"""Browsers of listed origins."""

from shared.access import Scope
from tests.unit.shared.example_service import ALL_KEYS, bearer, client, example_app, secret_of

LISTED = "https://app.example"
ORIGINS = f"{LISTED}, https://other.example"


def _preflight(origin: str) -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }


async def test_a_preflight_of_a_listed_origin_needs_no_key() -> None:
    """A browser asks before it shows the key."""
    async with client(example_app(api_keys=ALL_KEYS, cors_origins=ORIGINS)) as http:
        response = await http.options("/v1/orders", headers=_preflight(LISTED))
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == LISTED
    assert "authorization" in response.headers["access-control-allow-headers"]
    assert "POST" in response.headers["access-control-allow-methods"]


async def test_a_preflight_of_another_origin_is_not_allowed() -> None:
    """An origin that nobody listed gets no permission."""
    async with client(example_app(api_keys=ALL_KEYS, cors_origins=ORIGINS)) as http:
        response = await http.options("/v1/orders", headers=_preflight("https://elsewhere.example"))
    assert response.status_code == 400
    assert "access-control-allow-origin" not in response.headers


async def test_without_origins_no_preflight_passes() -> None:
    """The default lets no browser in from elsewhere."""
    async with client(example_app(api_keys=ALL_KEYS)) as http:
        response = await http.options("/v1/orders", headers=_preflight(LISTED))
    assert response.status_code == 401
    assert "access-control-allow-origin" not in response.headers


async def test_a_page_can_read_answers_and_refusals() -> None:
    """A listed origin may read the answer with a key and the 401 without one, and their request ids."""
    async with client(example_app(api_keys=ALL_KEYS, cors_origins=ORIGINS), headers={"origin": LISTED}) as http:
        fine = await http.get("/v1/items/1", headers=bearer(secret_of(Scope.READ)))
        refused = await http.get("/v1/items/1")
    for response, status in ((fine, 200), (refused, 401)):
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == LISTED
        assert "x-request-id" in response.headers["access-control-expose-headers"].lower()
