"""CPU milliseconds a text: the service, an app written by hand, the runtime alone, in alternating slices of one run.

`python -m bench.speed` prints the table; with `--check` (`make check-speed`, within a minute) it measures less, and
exits 1 where the service costs more than twice the ratio to the runtime that was reached. CPU time holds within some
percent where wall time does not. The app answers `POST /v1/sentiment` as the service does; `/v1/analyze` tells more:
language and subjectivity too.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final

import joblib

from bench.clients import ask_all
from bench.serving import Server, bare_server, serving
from bench.texts import sample_texts
from services.sentiment.engine import Engine
from services.sentiment.model_folder import open_model
from services.sentiment.normalisation import normalise
from services.sentiment.settings import DEFAULT_MODEL
from services.sentiment.tokenizer import Tokenizer, Tokens

REACHED: Final = 1.5
"""CPU time of the service to that of the runtime alone, 64 clients of one text each; see bench/README."""
SLICES, TEXTS, CLIENTS = 5, 384, 64
CHECK_SLICES, CHECK_TEXTS = 3, 192
LONE_TEXTS: Final = 96
BATCH_TEXTS, WINDOW = 8, 64
TICK: Final = os.sysconf("SC_CLK_TCK")
RUNTIME: Final = "the runtime alone"
SERVICE: Final = f"voxpop /v1/analyze, {CLIENTS} clients"


def main(arguments: Sequence[str] = ()) -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description="CPU milliseconds a text of the service beside the runtime alone.")
    parser.add_argument("--check", action="store_true", help=f"exit 1 past {2 * REACHED} times the runtime")
    check = parser.parse_args(arguments).check
    texts = sample_texts()[: CHECK_TEXTS if check else TEXTS]
    model = open_model(str(DEFAULT_MODEL))
    engine = Engine(model, "cpu", 1)
    engine.warm_up()
    tokens = Tokenizer.of(model).encode([normalise(text) for text in texts], [None] * len(texts))
    with ExitStack() as stack:
        quiet = {"SENTIMENT_CACHE_TEXTS": "0", "VOXPOP_LOG_LEVEL": "WARNING"}
        ours = stack.enter_context(serving("serve", "sentiment", ready="/readyz", **quiet))
        measured: dict[str, Measure] = {
            RUNTIME: lambda: _runtime(engine, tokens),
            SERVICE: lambda: _analyzed(ours, texts, CLIENTS),
        }
        if not check:
            bare = stack.enter_context(bare_server())
            for clients, some in ((CLIENTS, texts), (1, texts[:LONE_TEXTS])):
                measured |= _side_by_side(ours, bare, some, clients)
            measured["voxpop /v1/analyze, 1 client"] = lambda: _analyzed(ours, texts[:LONE_TEXTS], 1)
        figures = _alternating(measured, CHECK_SLICES if check else SLICES)
    limit = figures[RUNTIME][0]
    for what, (milliseconds, rate) in figures.items():
        cost = f"{milliseconds:7.2f} CPU ms a text {milliseconds / limit:6.2f} of the runtime"
        print(f"  {what:36}{cost}{rate:8.0f} texts/s")
    ratio = figures[SERVICE][0] / limit
    if check and ratio > 2 * REACHED:
        print(f"the service costs {ratio:.2f} times the runtime; {REACHED} was reached", file=sys.stderr)
        return 1
    return 0


def _side_by_side(ours: Server, bare: Server, texts: Sequence[str], clients: int) -> "dict[str, Measure]":
    told = f"{clients} client{'s' if clients > 1 else ''}"
    return {
        f"voxpop /v1/sentiment, {told}": lambda: _served(
            ours, "/v1/sentiment", [{"text": text} for text in texts], clients
        ),
        f"an app by hand, {told}": lambda: _served(bare, "/v1/sentiment", [{"text": text} for text in texts], clients),
    }


Measure = Callable[[], tuple[float, float]]
"""Returns CPU milliseconds a text, and texts a second."""


def _alternating(measured: dict[str, Measure], slices: int) -> dict[str, tuple[float, float]]:
    for measure in measured.values():
        measure()
    seen = [{what: measure() for what, measure in measured.items()} for _ in range(slices)]
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


def _analyzed(server: Server, texts: Sequence[str], clients: int) -> tuple[float, float]:
    return _served(server, "/v1/analyze", [{"texts": [text]} for text in texts], clients)


def _served(server: Server, path: str, bodies: Sequence[dict[str, Any]], clients: int) -> tuple[float, float]:
    encoded = [json.dumps(body).encode() for body in bodies]
    cpu, started = _cpu_seconds(server.pid), time.perf_counter()
    ask_all(server.url, path, encoded, clients)
    seconds = time.perf_counter() - started
    return (_cpu_seconds(server.pid) - cpu) / len(bodies) * 1000, len(bodies) / seconds


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far, of all its threads (proc(5))."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - a file of the kernel
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
