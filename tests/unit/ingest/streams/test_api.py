"""`/v1/streams` and `/v1/backfills` of a running service, with a scripted source."""

from typing import Any

import httpx
import pytest

from services.ingest import source_registry
from services.ingest.settings import IngestSettings
from services.ingest.source_registry import SinceParameters, SourceKind
from services.ingest.sources.base import CredentialError
from tests.unit.ingest.conftest import Peers
from tests.unit.ingest.streams.scripted import Network, ScriptedSource, numbered
from tests.unit.ingest.virtual_clock import VirtualClock

STREAM = {"brand": "aerolume", "source": "script"}


def _needs(_: IngestSettings) -> None:
    raise CredentialError("SCRIPT_TOKEN is not set")


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Return a network that is there as the source `script`, and as `locked`, for which a setting is missing."""
    made = Network()

    def kind(needs: Any = lambda _: None) -> SourceKind:
        return SourceKind(
            "x",
            lambda making: ScriptedSource(made, making.report, making.budget),
            needs=needs,
            backfill=SinceParameters,
            purse="x",
        )

    monkeypatch.setitem(source_registry.SOURCES, "script", kind())
    monkeypatch.setitem(source_registry.SOURCES, "locked", kind(_needs))
    return made


@pytest.fixture(autouse=True)
async def _brand(network: Network, http: httpx.AsyncClient) -> None:
    """Have the service know the brand `aerolume` and the scripted sources."""
    assert network.opened == 0
    await http.put("/v1/brands/aerolume", json={"keywords": ["aerolume"]})


async def made(http: httpx.AsyncClient, kind: str = "streams", **body: Any) -> str:
    """Make a stream and return its id."""
    answer = await http.post(f"/v1/{kind}", json=STREAM | body)
    assert answer.status_code == 201, answer.text
    stream_id: str = answer.json()["id"]
    return stream_id


async def until(http: httpx.AsyncClient, clock: VirtualClock, path: str, **wanted: Any) -> dict[str, Any]:
    """Let up to a minute pass until a stream shows what is wanted."""
    latest = clock.monotonic() + 60
    while True:
        shown: dict[str, Any] = (await http.get(path)).json()
        if all(shown[name] == value for name, value in wanted.items()):
            return shown
        assert clock.monotonic() < latest, shown
        await clock.advance(1)


async def test_a_stream_listens_shows_how_it_fares_pauses_and_resumes(
    http: httpx.AsyncClient, network: Network, clock: VirtualClock, peers: Peers
) -> None:
    """From POST to folded posts, with counts, lag, spend and owner; paused it stops, resumed it goes on."""
    path = f"/v1/streams/{await made(http)}"
    network.publish(*(numbered(number, clock.now(), platform="x") for number in range(5)))
    shown = await until(http, clock, path, state="running", counts=_counts(posts=5))
    assert len(peers.folded) == 5
    assert shown["mode"] == "script"
    assert shown["spend"] == {"posts": 5, "month": "2026-03", "month_posts": 5, "limit": 10_000}
    assert 0 <= shown["lag_seconds"] < 60
    assert shown["owner"]
    assert shown["last_error"] is None
    assert (await http.post(f"{path}/pause")).json()["wanted"] == "paused"
    await until(http, clock, path, state="paused", owner=None)
    assert network.open == 0
    network.publish(numbered(5, clock.now(), platform="x"))
    assert (await http.post(f"{path}/resume")).json()["wanted"] == "running"
    await until(http, clock, path, state="running", counts=_counts(posts=6))
    assert network.cursors == [None, "5"]
    metrics = (await http.get("/metrics")).text
    assert "voxpop_ingest_streams 1.0" in metrics
    assert 'voxpop_ingest_spent_posts_total{source="script"} 6.0' in metrics


async def test_the_same_stream_is_made_once(http: httpx.AsyncClient) -> None:
    """Asking again returns what is there, with 200."""
    stream_id = await made(http)
    again = await http.post("/v1/streams", json=STREAM)
    assert (again.status_code, again.json()["id"]) == (200, stream_id)
    listed = (await http.get("/v1/streams")).json()
    assert ([item["id"] for item in listed["items"]], listed["next_cursor"]) == ([stream_id], None)


async def test_a_deleted_stream_is_gone(http: httpx.AsyncClient, network: Network, clock: VirtualClock) -> None:
    """It is neither shown nor listed, and its source is closed."""
    path = f"/v1/streams/{await made(http)}"
    await until(http, clock, path, state="running")
    assert (await http.delete(path)).status_code == 204
    assert (await http.get(path)).status_code == 404
    assert (await http.delete(path)).status_code == 404
    await clock.until(lambda: network.open == 0, step=0.5)


async def test_a_backfill_ends_and_is_no_stream(http: httpx.AsyncClient, network: Network, clock: VirtualClock) -> None:
    """It is finished once all is folded; the two lists do not mix."""
    network.ends = True
    network.publish(*(numbered(number, clock.now(), platform="x") for number in range(12)))
    backfill_id = await made(http, "backfills", parameters={"since": "2026-02-01T00:00:00+01:00"})
    shown = await until(http, clock, f"/v1/backfills/{backfill_id}", state="finished")
    assert shown["counts"] == _counts(posts=12)
    assert shown["parameters"] == {"since": "2026-01-31T23:00:00Z"}
    assert (await http.get(f"/v1/streams/{backfill_id}")).status_code == 404
    assert (await http.post(f"/v1/streams/{backfill_id}/pause")).status_code == 404
    assert (await http.get("/v1/streams")).json()["items"] == []
    assert [item["id"] for item in (await http.get("/v1/backfills")).json()["items"]] == [backfill_id]


async def test_lists_come_in_pages_and_by_brand(http: httpx.AsyncClient) -> None:
    """Each page goes on behind the one before."""
    await http.put("/v1/brands/other", json={"keywords": ["other"]})
    made_ids = [await made(http), await made(http, brand="other")]
    first = (await http.get("/v1/streams?limit=1")).json()
    rest = (await http.get(f"/v1/streams?limit=1&cursor={first['next_cursor']}")).json()
    assert sorted(item["id"] for item in first["items"] + rest["items"]) == sorted(made_ids)
    assert rest["next_cursor"] is None
    assert [item["brand"] for item in (await http.get("/v1/streams?brand=other")).json()["items"]] == ["other"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"source": "nothing"}, 422, "script"),
        ({"source": "x" * 65}, 422, "source"),
        ({"brand": "Not A Slug"}, 422, "brand"),
        ({"parameters": {"since": "2026-02-01T00:00:00Z"}}, 422, "since"),
        ({"parameters": []}, 422, "parameters"),
        ({"unknown": 1}, 422, "unknown"),
        ({"brand": "unknown"}, 404, "PUT /v1/brands/unknown"),
        ({"source": "locked"}, 409, "SCRIPT_TOKEN"),
    ],
)
async def test_what_cannot_be_started_says_why(
    http: httpx.AsyncClient, body: dict[str, Any], status: int, words: str
) -> None:
    """The field or the setting is named, and nothing is kept."""
    answer = await http.post("/v1/streams", json=STREAM | body)
    assert answer.status_code == status
    assert words in answer.text
    assert (await http.get("/v1/streams")).json()["items"] == []


@pytest.mark.parametrize("since", ["2026-02-01T00:00:00", "yesterday", "0001-01-01T00:00:00+01:00", 17, None])
async def test_a_backfill_wants_a_time_with_a_zone(http: httpx.AsyncClient, since: Any) -> None:
    """A time without a zone means two hours; leaving it out is fine, null too."""
    answer = await http.post("/v1/backfills", json=STREAM | {"parameters": {"since": since}})
    assert answer.status_code == (201 if since is None else 422)


@pytest.mark.parametrize("path", ["/v1/streams/no", "/v1/streams/%00", "/v1/backfills/no"])
async def test_what_is_not_there_is_404(http: httpx.AsyncClient, path: str) -> None:
    """An id may be made of anything."""
    assert (await http.get(path)).status_code == 404


def _counts(**given: int) -> dict[str, int]:
    names = ("posts", "duplicates", "rejected", "dropped", "counted_reposts", "removed")
    return dict.fromkeys(names, 0) | given
