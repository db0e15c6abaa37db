"""The figures of requests."""

import asyncio
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.shared.example_service import ALL_KEYS, client, example_app


def _counted(figures: str) -> dict[tuple[str, str, str], float]:
    return {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(figures)
        for sample in family.samples
        if sample.name == "voxpop_requests_total"
    }


async def test_requests_are_counted_by_template_and_status() -> None:
    """The counter has the route's template, never the path: two items are one line."""
    async with client(example_app()) as http:
        for path in ("/v1/items/4242", "/v1/items/4343", "/v1/items/none", "/v1/private-path", "/v1/crash"):
            await http.get(path)
        response = await http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert _counted(response.text) == {
        ("GET", "/v1/items/{number}", "200"): 2,
        ("GET", "/v1/items/{number}", "422"): 1,
        ("GET", "unmatched", "404"): 1,
        ("GET", "/v1/crash", "500"): 1,
    }
    for private in ("4242", "private-path"):
        assert private not in response.text
    assert 'voxpop_request_seconds_count{method="GET",route="/v1/items/{number}"} 3.0' in response.text


async def test_refused_requests_are_counted() -> None:
    """A 401 and a 413 show, though no route was reached."""
    async with client(example_app(max_body_bytes=1024)) as http:
        await http.post("/v1/raw", content=b"x" * 2000)
        assert _counted((await http.get("/metrics")).text) == {("POST", "unmatched", "413"): 1}
    async with client(example_app(api_keys=ALL_KEYS)) as http:
        await http.get("/v1/items/1")
        assert _counted((await http.get("/metrics")).text) == {("GET", "unmatched", "401"): 1}


async def test_an_invented_method_makes_no_line_of_its_own() -> None:
    """Nobody can fill the memory with methods that do not exist."""
    async with client(example_app()) as http:
        for method in ("BREW", "STEEP"):
            await http.request(method, "/v1/raw")
        counted = _counted((await http.get("/metrics")).text)
    assert {method for method, _, _ in counted} == {"other"}
    assert sum(counted.values()) == 2


async def test_two_applications_count_apart() -> None:
    """Four services in one process do not see one another's figures."""
    async with client(example_app()) as one, client(example_app()) as other:
        await one.get("/livez")
        assert _counted((await other.get("/metrics")).text) == {}


async def test_figures_are_written_once_for_all_that_ask_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of requests without a key costs a writing, not one each; what is asked later is written anew."""
    written: list[int] = []
    go_on = threading.Event()

    def write(_: object) -> bytes:
        go_on.wait(60)
        written.append(1)
        return b"%d" % len(written)

    monkeypatch.setattr("shared.web.metrics.generate_latest", write)
    async with client(example_app()) as http:
        asked = [asyncio.create_task(http.get("/metrics")) for _ in range(20)]
        for _ in range(200):
            await asyncio.sleep(0)
        go_on.set()
        assert {answer.text for answer in await asyncio.gather(*asked)} == {"1"}
        assert (await http.get("/metrics")).text == "2"
