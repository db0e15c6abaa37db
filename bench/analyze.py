"""`POST /v1/analyze` over loopback against onnxruntime alone in process, on the same texts.

The limit is the engine on batches of the service's own size, sorted by length, tokens ready: no HTTP, no
tokenising, no language. Runs alternate; medians are printed. The answer cache is off.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence

import httpx
import joblib

from bench.serving import serving
from bench.texts import sample_texts
from services.sentiment.engine import Engine
from services.sentiment.model_folder import open_model
from services.sentiment.normalisation import normalise
from services.sentiment.settings import DEFAULT_MODEL
from services.sentiment.tokenizer import Tokenizer, Tokens

ROUNDS = 3
BULK, BULK_CLIENTS = 64, 4
SINGLES, CLIENTS = 300, 16
BUDGET = 1024


def main() -> None:
    """Print the table."""
    texts = sample_texts()
    model = open_model(str(DEFAULT_MODEL))
    engine = Engine(model, "cpu", joblib.cpu_count())
    engine.warm_up()
    tokenizer = Tokenizer.of(model)
    tokens = tokenizer.encode([normalise(text) for text in texts], [None] * len(texts))
    alone, bulk = [], []
    singles: list[float] = []
    crowd: list[float] = []
    crowd_rates = []
    with serving(
        "serve", "sentiment", ready="/readyz", SENTIMENT_CACHE_TEXTS="0", VOXPOP_LOG_LEVEL="WARNING"
    ) as server:
        for _ in range(ROUNDS):
            alone.append(_engine_rate(engine, tokens))
            bulk.append(asyncio.run(_bulk_rate(server.url, texts)))
            singles += asyncio.run(_latencies(server.url, texts[:SINGLES], 1))
            started = time.perf_counter()
            crowd += asyncio.run(_latencies(server.url, texts, CLIENTS))
            crowd_rates.append(len(texts) / (time.perf_counter() - started))
    lone = [_seconds(engine, [one]) for one in tokens[:SINGLES]]
    limit, served = statistics.median(alone), statistics.median(bulk)
    print(f"\nanalyze: {len(texts)} texts, {statistics.mean(map(len, tokens)):.1f} tokens in the mean")
    rate = statistics.median(crowd_rates)
    _line(f"onnxruntime alone, batches of {BUDGET} padded tokens", f"{limit:6.0f} texts/s")
    _line(f"{BULK} texts a request, {BULK_CLIENTS} clients", f"{served:6.0f} texts/s   ratio {served / limit:.2f}")
    _line(f"1 text a request, {CLIENTS} clients", f"{rate:6.0f} texts/s   ratio {rate / limit:.2f}   {_tail(crowd)}")
    _line("1 text a request, 1 client", _tail(singles))
    _line("onnxruntime alone, 1 text", _tail(lone))


def _line(what: str, figures: str) -> None:
    print(f"  {what:50} {figures}")


def _engine_rate(engine: Engine, tokens: Sequence[Tokens]) -> float:
    ordered = sorted(tokens, key=len)
    batches: list[list[Tokens]] = [[]]
    for one in ordered:
        if (len(batches[-1]) + 1) * len(one) > BUDGET:
            batches.append([])
        batches[-1].append(one)
    return len(tokens) / sum(_seconds(engine, batch) for batch in batches)


def _seconds(engine: Engine, batch: Sequence[Tokens]) -> float:
    started = time.perf_counter()
    engine.run(batch)
    return time.perf_counter() - started


async def _bulk_rate(url: str, texts: Sequence[str]) -> float:
    batches = [texts[i : i + BULK] for i in range(0, len(texts), BULK)]
    started = time.perf_counter()
    await _in_parallel(url, batches, BULK_CLIENTS)
    return len(texts) / (time.perf_counter() - started)


async def _latencies(url: str, texts: Sequence[str], clients: int) -> list[float]:
    return await _in_parallel(url, [[text] for text in texts], clients)


async def _in_parallel(url: str, batches: Sequence[Sequence[str]], clients: int) -> list[float]:
    """Send each batch once from `clients` clients; return the seconds of each."""
    waiting = iter(batches)
    seconds: list[float] = []

    async def client(http: httpx.AsyncClient) -> None:
        for batch in waiting:
            started = time.perf_counter()
            (await http.post("/v1/analyze", json={"texts": list(batch)})).raise_for_status()
            seconds.append(time.perf_counter() - started)

    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
        await asyncio.gather(*(client(http) for _ in range(clients)))
    return seconds


def _tail(seconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:6.1f} ms   p99 {cuts[98] * 1000:6.1f} ms"


if __name__ == "__main__":
    main()
