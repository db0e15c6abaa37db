"""The way of a request through the service: normalise, look up, tokenise, batch, score."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from services.sentiment.batch import Row
from services.sentiment.batcher import Batcher
from services.sentiment.cache import ReadingCache, key_of
from services.sentiment.language import Detection, LanguageDetector
from services.sentiment.metrics import SentimentMetrics
from services.sentiment.normalisation import normalise
from services.sentiment.scoring import Reading, Scorer
from services.sentiment.tokenizer import Tokenizer, Tokens
from shared.analysis import Analysis
from shared.errors import OverloadedError

Feature = Literal[
    "sentiment",
    "subjectivity",
    "language",
    "entities",
    "category",
    "emotion",
    "offensive",
    "irony",
    "hate",
    "embedding",
]
FEATURES: Final[tuple[Feature, ...]] = get_args(Feature)
DEFAULT_FEATURES: Final[tuple[Feature, ...]] = ("sentiment", "subjectivity", "language")


@dataclass(frozen=True)
class Inquiry:
    """What is asked: texts, for each a target and a language hint or None, and the features wanted."""

    texts: Sequence[str]
    targets: Sequence[str | None]
    hints: Sequence[str | None]
    features: Sequence[Feature] = DEFAULT_FEATURES

    @classmethod
    def of(cls, text: str, target: str | None, features: Sequence[Feature]) -> "Inquiry":
        """Ask about one text."""
        return cls([text], [target], [None], features)


@dataclass(frozen=True)
class _Prepared:
    """An inquiry made ready: a key and a detection a text, the readings at hand, the tokens of the others."""

    keys: list[bytes]
    detections: list[Detection]
    known: Mapping[bytes, Reading]
    fresh: Mapping[bytes, Tokens]


class Analyzer:
    """Answers inquiries; its CPU work runs in `workers`, the model's in the batcher."""

    def __init__(
        self,
        *,
        tokenizer: Tokenizer,
        batcher: Batcher,
        scorer: Scorer,
        detector: LanguageDetector,
        cache: ReadingCache,
        metrics: SentimentMetrics,
        workers: Executor,
        reads_targets: bool,
        deadline: float,
    ) -> None:
        """Put the stages together; `deadline` is seconds for one inquiry."""
        self._tokenizer = tokenizer
        self._batcher = batcher
        self._scorer = scorer
        self._detector = detector
        self._cache = cache
        self._metrics = metrics
        self._workers = workers
        self._reads_targets = reads_targets
        self._deadline = deadline

    async def analyze(self, inquiry: Inquiry) -> list[Analysis]:
        """Return each text's analysis, in order, with the features asked for and no others set.

        A text that stands in the inquiry twice, or came before, is read once. Raises OverloadedError
        where too much is being answered or the deadline passed, InferenceError where the model failed.
        """
        with self._batcher.admit(len(inquiry.texts)):
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._answer(inquiry)
            except TimeoutError:
                raise OverloadedError(
                    f"these texts were not read within {self._deadline:g} seconds; send fewer or later"
                ) from None

    async def _answer(self, inquiry: Inquiry) -> list[Analysis]:
        loop = asyncio.get_running_loop()
        prepared = await loop.run_in_executor(self._workers, self._prepare, inquiry)
        rows = await self._batcher.submit(list(prepared.fresh.values()))
        analyses = await loop.run_in_executor(self._workers, self._finish, inquiry, prepared, rows)
        self._metrics.observe_answer(len(inquiry.texts), sum(key in prepared.known for key in prepared.keys))
        return analyses

    def _prepare(self, inquiry: Inquiry) -> _Prepared:
        texts = [normalise(text) for text in inquiry.texts]
        targets = inquiry.targets if self._reads_targets else [None] * len(texts)
        keys = [key_of(text, target) for text, target in zip(texts, targets, strict=True)]
        detections = [self._detector.detect(text, hint) for text, hint in zip(texts, inquiry.hints, strict=True)]
        known = {key: reading for key in keys if (reading := self._cache.get(key)) is not None}
        places = {key: place for place, key in enumerate(keys) if key not in known}
        tokens = self._tokenizer.encode([texts[i] for i in places.values()], [targets[i] for i in places.values()])
        return _Prepared(keys, detections, known, dict(zip(places, tokens, strict=True)))

    def _finish(self, inquiry: Inquiry, prepared: _Prepared, rows: Sequence[Row]) -> list[Analysis]:
        truncated = [tokens.truncated for tokens in prepared.fresh.values()]
        readings = dict(prepared.known)
        for key, reading in zip(prepared.fresh, self._scorer.read(rows, truncated), strict=True):
            readings[key] = reading
            self._cache.put(key, reading)
        return [
            _analysis(inquiry.features, readings[key], detection)
            for key, detection in zip(prepared.keys, prepared.detections, strict=True)
        ]


def _analysis(features: Sequence[Feature], reading: Reading, detection: Detection) -> Analysis:
    """Set the features asked for: None where the model has no head for one."""
    answers: dict[str, Any] = {feature: reading.answers.get(feature) for feature in features}
    if "language" in answers:
        answers["language"] = detection.language
    return Analysis(truncated=reading.truncated, supported_language=detection.supported, **answers)
