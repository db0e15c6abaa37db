"""What the running service holds: opened in order at the start, drained and closed at the end."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry

from services.sentiment.analyzer import Analyzer
from services.sentiment.batcher import Batcher
from services.sentiment.cache import ReadingCache
from services.sentiment.cpus import usable_cpus
from services.sentiment.engine import Engine
from services.sentiment.language import LanguageDetector
from services.sentiment.metrics import SentimentMetrics
from services.sentiment.model_folder import ModelFolder, open_model
from services.sentiment.scoring import Scorer
from services.sentiment.settings import SentimentSettings
from services.sentiment.tokenizer import Tokenizer

_BATCH_TOKENS: Final = {"cpu": 1024, "cuda": 16_384}
"""On a CPU larger batches gave no more texts a second and made a lone text wait longer; a GPU needs them."""


@dataclass(frozen=True)
class Resources:
    """The parts that requests meet."""

    folder: ModelFolder
    engine: Engine
    batcher: Batcher
    analyzer: Analyzer

    async def check_model(self) -> None:
        """Return where texts are taken; raises OverloadedError where they are not."""
        self.batcher.check_running()


@asynccontextmanager
async def open_resources(settings: SentimentSettings, registry: CollectorRegistry) -> AsyncIterator[Resources]:
    """Load the model, warm it up, start the batcher; at the end finish what was admitted, then stop.

    Raises SettingsError where the model or the device cannot be had.
    """
    cpus = usable_cpus()
    with ThreadPoolExecutor(cpus, thread_name_prefix="sentiment-text") as workers:
        loop = asyncio.get_running_loop()
        folder, engine, tokenizer, detector = await loop.run_in_executor(workers, _load, settings, cpus)
        metrics = SentimentMetrics(registry)
        batcher = Batcher(
            engine.run,
            budget=settings.batch_tokens or _BATCH_TOKENS[engine.device],
            max_texts=settings.queue_texts,
            observer=metrics,
        )
        metrics.watch(lambda: batcher.queued, lambda: batcher.admitted)
        analyzer = Analyzer(
            tokenizer=tokenizer,
            batcher=batcher,
            scorer=Scorer(folder.card),
            detector=detector,
            cache=ReadingCache(settings.cache_texts),
            metrics=metrics,
            workers=workers,
            reads_targets=folder.card.reads_targets,
            deadline=settings.deadline,
        )
        batcher.start()
        try:
            yield Resources(folder, engine, batcher, analyzer)
        finally:
            await batcher.close(settings.drain_seconds)


def _load(settings: SentimentSettings, cpus: int) -> tuple[ModelFolder, Engine, Tokenizer, LanguageDetector]:
    folder = open_model(settings.model)
    card = folder.card
    tokenizer = Tokenizer(folder.tokenizer, card.max_length, reads_targets=card.reads_targets)
    engine = Engine(folder, settings.device, settings.threads or cpus)
    engine.warm_up()
    return folder, engine, tokenizer, LanguageDetector(card.languages)
