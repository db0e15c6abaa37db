"""Sending a file's posts to a running ingest service."""

from collections.abc import Iterator

import httpx
import pytest
import stamina

from services.cli.client import ClientError, NoServerError
from services.cli.upload import Tally, upload
from services.ingest.sources.rows import Row
from tests.unit.ingest.conftest import Peers
from tests.unit.ingest.posts import a_post


def rows(count: int) -> Iterator[Row]:
    """Yield good rows."""
    yield from (Row(n, a_post(n)) for n in range(1, count + 1))


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Retries do not wait."""
    with stamina.set_testing(testing=True, attempts=3):
        yield


async def test_the_counts_add_up_to_the_rows(http: httpx.AsyncClient) -> None:
    """Accepted, duplicates and rejected are all rows, and a rejection names the row of the file."""
    mixed = [*rows(1200), Row(1201, None, "not JSON"), Row(1202, a_post(1)), Row(1203, a_post(9, text=""))]
    tally = await upload(mixed, "aerolume", http)
    assert (tally.accepted, tally.duplicates, tally.rejected) == (1200, 1, 2)
    assert [reason.partition(":")[0] for reason in tally.reasons] == ["row 1201", "row 1203"]


async def test_the_first_reasons_alone_are_kept(http: httpx.AsyncClient) -> None:
    """A file of a million bad rows does not fill the memory with reasons."""
    tally = await upload((Row(n, None, "not JSON") for n in range(1000)), "aerolume", http)
    assert tally.rejected == 1000
    assert len(tally.reasons) == 10


async def test_long_posts_go_in_smaller_batches(http: httpx.AsyncClient, peers: Peers) -> None:
    """None is refused for the size of its neighbours, and none has to wait for hundreds of long ones."""
    long = (Row(n, a_post(n, text="é" * 9_999)) for n in range(100))
    assert (await upload(long, "aerolume", http)).accepted == 100
    assert peers.calls["sentiment"] >= 20


async def test_a_post_larger_than_any_batch_is_rejected_alone(http: httpx.AsyncClient) -> None:
    """A row of several megabytes is named, its neighbours are taken."""
    tally = await upload([*rows(1), Row(2, a_post(2, text="😡" * 500_000)), Row(3, a_post(3))], "aerolume", http)
    assert (tally.accepted, tally.rejected) == (2, 1)
    assert tally.reasons == ["row 2: text: should have at most 10000 characters"]


async def test_rows_are_read_as_they_are_sent(http: httpx.AsyncClient) -> None:
    """Reading waits for sending: what has been read runs ahead of what was answered by four batches at the most."""
    read = 0
    ahead: list[int] = []

    def counted() -> Iterator[Row]:
        nonlocal read
        for row in rows(10_000):
            read += 1
            yield row

    def watch(tally: Tally) -> None:
        ahead.append(read - tally.accepted)

    await upload(counted(), "aerolume", http, watch)
    assert max(ahead) <= 2000


async def test_a_server_that_stays_away_is_unreachable(http: httpx.AsyncClient, peers: Peers) -> None:
    """After the last attempt the upload says so; sending again accepts exactly what is missing."""
    peers.status["profiles"] = 503
    with pytest.raises(NoServerError, match="503"):
        await upload(rows(700), "aerolume", http)
    peers.status["profiles"] = 200
    assert (await upload(rows(700), "aerolume", http)).accepted == 700


async def test_nobody_listening_is_unreachable() -> None:
    """A closed port is unreachable."""
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9") as nobody:
        with pytest.raises(NoServerError):
            await upload(rows(1), "aerolume", nobody)


async def test_a_refusal_is_told_in_the_servers_words(http: httpx.AsyncClient) -> None:
    """What no retry mends ends the upload with the server's own sentence."""
    with pytest.raises(ClientError, match="brand"):
        await upload(rows(1), "Not A Slug", http)
