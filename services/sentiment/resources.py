"""What the sentiment service opens when it starts, and drains and closes at the end."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import joblib
from prometheus_client import CollectorRegistry

from services.sentiment.admission import Admission, TokenRate
from services.sentiment.analyzer import Analyzer
from services.sentiment.batch_reader import AskedText, BatchReader, TextAnswer
from services.sentiment.batcher import Batcher
from services.sentiment.categories.catalog import CategoryCatalog
from services.sentiment.categories.category_set import read_built_in
from services.sentiment.categories.store import open_store
from services.sentiment.categories.training_queue import CategoryTrainer
from services.sentiment.engine import Engine
from services.sentiment.language import LanguageDetector
from services.sentiment.metrics import CategoryMetrics, SentimentMetrics
from services.sentiment.model_folder import ModelFolder, open_encoder, open_model
from services.sentiment.reader import OutputCache, Reader
from services.sentiment.settings import SentimentSettings
from services.sentiment.tokenizer import Tokenizer
from shared.web.auth import parse_rate
from shared.web.health import Check

_BATCH_TOKENS: Final = {"cpu": 256, "cuda": 16_384}
_BATCH_TEXTS: Final = {"cpu": 8, "cuda": 512}
"""On a CPU larger batches cost more CPU time a text and make a lone text wait longer; a GPU needs them."""


@dataclass(frozen=True)
class Resources:
    """The parts that requests meet; `encoder` is None where the model's own embeddings, if any, are answered."""

    folder: ModelFolder
    engine: Engine
    batcher: Batcher[AskedText, TextAnswer]
    rate: TokenRate
    encoder: Reader | None
    analyzer: Analyzer
    catalog: CategoryCatalog
    trainer: CategoryTrainer

    def checks(self) -> Mapping[str, Check]:
        """Return what must be ready, by name."""
        return {"model": self.check_model, "category_sets": self.catalog.check_following}

    async def check_model(self) -> None:
        """Return where texts are taken; raises OverloadedError where they are not."""
        self.batcher.check_running()


@dataclass(frozen=True)
class _Model:
    """One model, loaded and warmed up."""

    folder: ModelFolder
    tokenizer: Tokenizer
    engine: Engine


@asynccontextmanager
async def open_resources(settings: SentimentSettings, registry: CollectorRegistry) -> AsyncIterator[Resources]:
    """Load the models, warm them up, start their batchers; at the end finish what was admitted, then stop.

    Raises SettingsError where a model, the device, the store of category sets or a set of the model cannot be had.
    """
    # Counts a container's quota, where the runtime looks at the affinity alone and would be throttled.
    cpus = joblib.cpu_count()
    store = settings.parsed_store()
    rate = parse_rate(settings.token_rate, "SENTIMENT_TOKEN_RATE")
    async with AsyncExitStack() as stack:
        model, encoding, detector = await asyncio.to_thread(_load, settings)
        metrics = SentimentMetrics(registry)
        reader = _reader(model, settings, metrics)
        encoder = _reader(encoding, settings, metrics) if encoding is not None else None
        batch_reader = BatchReader(reader, encoder, detector, metrics)
        device = model.engine.device
        batcher = Batcher(
            batch_reader.answer,
            budget=settings.batch_tokens or _BATCH_TOKENS[device],
            batch_texts=_BATCH_TEXTS[device],
            admission=Admission(settings.queue_tokens, settings.deadline),
            runners=settings.threads or cpus if device == "cpu" else 1,
        )
        metrics.watch(lambda: batcher.queued, lambda: batcher.admission.held)
        analyzer = Analyzer(batch_reader, batcher, metrics, settings.deadline)
        stack.push_async_callback(batcher.close, settings.drain_seconds)
        batcher.start()
        version = analyzer.embedding_version
        built_in = await asyncio.to_thread(read_built_in, model.folder.card.folder, version)
        of_sets = CategoryMetrics(registry)
        sets = await stack.enter_async_context(open_store(store))
        catalog = CategoryCatalog(sets, of_sets, embedding_version=version, built_in=built_in)
        trainer = CategoryTrainer(analyzer, catalog, of_sets)
        await stack.enter_async_context(catalog.running())
        await stack.enter_async_context(trainer.running())
        yield Resources(model.folder, model.engine, batcher, TokenRate(rate), encoder, analyzer, catalog, trainer)


def _load(settings: SentimentSettings) -> tuple[_Model, _Model | None, LanguageDetector]:
    model = _warm(open_model(settings.model), settings)
    encoding = _warm(open_encoder(settings.embedding_model), settings) if settings.embedding_model else None
    return model, encoding, LanguageDetector(model.folder.card.languages)


def _warm(folder: ModelFolder, settings: SentimentSettings) -> _Model:
    tokenizer = Tokenizer.of(folder)
    engine = Engine(folder, settings.device, 1)
    engine.warm_up()
    return _Model(folder, tokenizer, engine)


def _reader(model: _Model, settings: SentimentSettings, metrics: SentimentMetrics) -> Reader:
    budget = settings.batch_tokens or _BATCH_TOKENS[model.engine.device]
    cache = OutputCache(settings.cache_texts)
    return Reader(model.folder.card, model.tokenizer, model.engine, cache, metrics, budget)
