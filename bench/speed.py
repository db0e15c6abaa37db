"""CPU milliseconds a text: the service, an app written by hand, the runtime alone, in alternating slices of one run.

`python -m bench.speed` prints the table; with `--check` (`make check-speed`) it exits 1 where the service costs more
than twice the ratio to the runtime that was reached. CPU time holds within some percent where wall time does not.
"""

import argparse
import asyncio
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Final

import httpx
import joblib
import stamina

from bench.serving import Server, bare_server, serving
from bench.texts import sample_texts
from services.sentiment.engine import Engine
from services.sentiment.model_folder import open_model
from services.sentiment.normalisation import normalise
from services.sentiment.settings import DEFAULT_MODEL
from services.sentiment.tokenizer import Tokenizer, Tokens

REACHED: Final = 2.5
"""CPU time of the service to that of the runtime alone, 64 clients of one text each; see bench/README."""
SLICES, TEXTS, CLIENTS = 5, 384, 64
BATCH_TEXTS, WINDOW = 8, 64
TICK: Final = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description="CPU milliseconds a text of the service beside the runtime alone.")
    parser.add_argument("--check", action="store_true", help=f"exit 1 past {2 * REACHED} times the runtime")
    check = parser.parse_args().check
    texts = sample_texts()[:TEXTS]
    model = open_model(str(DEFAULT_MODEL))
    engine = Engine(model, "cpu", 1)
    engine.warm_up()
    tokens = Tokenizer.of(model).encode([normalise(text) for text in texts], [None] * len(texts))
    quiet = {"SENTIMENT_CACHE_TEXTS": "0", "VOXPOP_LOG_LEVEL": "WARNING", "VOXPOP_RATE_LIMIT": "1000000/second"}
    with ExitStack() as stack:
        ours = stack.enter_context(serving("serve", "sentiment", ready="/readyz", **quiet))
        bare = stack.enter_context(bare_server())
        measured = {
            "the runtime alone": lambda: _runtime(engine, tokens),
            f"voxpop, {CLIENTS} clients": lambda: _served(ours, texts, CLIENTS),
            f"an app by hand, {CLIENTS} clients": lambda: _served(bare, texts, CLIENTS),
            "voxpop, 1 client": lambda: _served(ours, texts[:96], 1),
            "an app by hand, 1 client": lambda: _served(bare, texts[:96], 1),
        }
        figures = _alternating(measured)
    limit = figures["the runtime alone"][0]
    for what, (milliseconds, rate) in figures.items():
        cost = f"{milliseconds:7.2f} CPU ms a text {milliseconds / limit:6.2f} of the runtime"
        print(f"  {what:32}{cost}{rate:8.0f} texts/s")
    ratio = figures[f"voxpop, {CLIENTS} clients"][0] / limit
    if check and ratio > 2 * REACHED:
        print(f"the service costs {ratio:.2f} times the runtime; {REACHED} was reached", file=sys.stderr)
        return 1
    return 0


Measure = Callable[[], tuple[float, float]]
"""Returns CPU milliseconds a text, and texts a second."""


def _alternating(measured: dict[str, Measure]) -> dict[str, tuple[float, float]]:
    for measure in measured.values():
        measure()
    seen = [{what: measure() for what, measure in measured.items()} for _ in range(SLICES)]
    return {
        what: (statistics.median(one[what][0] for one in seen), statistics.median(one[what][1] for one in seen))
        for what in measured
    }


def _runtime(engine: Engine, tokens: Sequence[Tokens]) -> tuple[float, float]:
    """Run all texts by as many callers as there are CPUs, in batches of what so many clients have waiting."""
    batches = iter(_batches(tokens))
    turn = threading.Lock()

    def call() -> None:
        while True:
            with turn:
                batch = next(batches, None)
            if batch is None:
                return
            engine.run(batch)

    callers = [threading.Thread(target=call) for _ in range(joblib.cpu_count())]
    cpu, started = time.process_time(), time.perf_counter()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    seconds = time.perf_counter() - started
    return (time.process_time() - cpu) / len(tokens) * 1000, len(tokens) / seconds


def _batches(tokens: Sequence[Tokens]) -> Iterator[list[Tokens]]:
    for start in range(0, len(tokens), WINDOW):
        waiting = sorted(tokens[start : start + WINDOW], key=len)
        yield from (waiting[place : place + BATCH_TEXTS] for place in range(0, len(waiting), BATCH_TEXTS))


def _served(server: Server, texts: Sequence[str], clients: int) -> tuple[float, float]:
    cpu, started = _cpu_seconds(server.pid), time.perf_counter()
    asyncio.run(_ask(server.url, texts, clients))
    seconds = time.perf_counter() - started
    return (_cpu_seconds(server.pid) - cpu) / len(texts) * 1000, len(texts) / seconds


async def _ask(url: str, texts: Sequence[str], clients: int) -> None:
    waiting = iter(texts)

    async def ask(http: httpx.AsyncClient, text: str) -> None:
        (await http.post("/v1/analyze", json={"texts": [text]})).raise_for_status()

    async def client(http: httpx.AsyncClient) -> None:
        for text in waiting:
            await stamina.retry(on=httpx.TransportError, attempts=3)(ask)(http, text)

    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False, limits=limits) as http:
        await asyncio.gather(*(client(http) for _ in range(clients)))


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far, of all its threads (proc(5))."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - a file of the kernel
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


if __name__ == "__main__":
    sys.exit(main())
