"""The way of a request through the service: normalise, look up, tokenise, batch, score."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.sentiment.answers import Asked, analyses_of, embeddings_of
from services.sentiment.batch import Row
from services.sentiment.inquiry import CategorySet, Inquiry
from services.sentiment.language import Detection, LanguageDetector
from services.sentiment.metrics import SentimentMetrics
from services.sentiment.normalisation import normalise
from services.sentiment.reader import Pending, Question, Reader
from services.sentiment.scoring import Scorer
from services.sentiment.stopping import Stop
from shared.analysis import Analysis
from shared.errors import ConflictError, InputError, OverloadedError

Result = TypeVar("Result")

_NO_EMBEDDING: Final = (
    "the model that is served gives no embeddings, which this needs; set EMBEDDING_MODEL, or SENTIMENT_MODEL to a "
    "model with them"
)


@dataclass(frozen=True)
class _Prepared:
    """An inquiry made ready: what is asked, what the model reads for it, and the encoder where it does."""

    asked: Asked
    read: Pending
    encoded: Pending | None

    @property
    def hits(self) -> int:
        """How many texts were read before, everything that is asked of them."""
        fresh = {*self.read.fresh, *(self.encoded.fresh if self.encoded else ())}
        asked = self.asked
        return sum(
            any(questions) and fresh.isdisjoint(questions)
            for questions in zip(asked.plain, asked.aimed, asked.embedded, strict=True)
        )


class Analyzer:
    """Answers inquiries; its CPU work runs in `workers`, each model's in its batcher."""

    def __init__(
        self,
        *,
        reader: Reader,
        encoder: Reader | None,
        detector: LanguageDetector,
        metrics: SentimentMetrics,
        workers: Executor,
        deadline: float,
    ) -> None:
        """Put the stages together; `deadline` is seconds for one inquiry.

        With an `encoder` the embeddings are its, else those of `reader`, whose model may have none.
        """
        self._reader = reader
        self._encoder = encoder
        self._scorer = Scorer(reader.card)
        self._detector = detector
        self._metrics = metrics
        self._workers = workers
        self._deadline = deadline

    @property
    def embedding_version(self) -> str | None:
        """Of the embeddings that are answered, None where there are none."""
        embedding = self._embedder.card.embedding
        return embedding.version if embedding else None

    @property
    def _embedder(self) -> Reader:
        return self._encoder or self._reader

    async def analyze(self, inquiry: Inquiry) -> list[Analysis]:
        """Return each text's analysis, in order, with the features asked for and no others set.

        A text that stands in the inquiry twice, or came before, is read once; nothing is read of which
        nobody asked. Raises OverloadedError where too much is being answered or the deadline passed,
        InferenceError where the model failed, InputError or ConflictError where the embeddings are not
        those that the category set needs.
        """
        self._check(inquiry.category_set)
        encoder = self._encoder if self._embeds(inquiry) else None
        async with self._admitted(len(inquiry.texts), self._reader, *([encoder] if encoder else [])):
            prepared = await self._off_loop(lambda stop: self._prepare(inquiry, stop))
            rows = await self._reader.run(prepared.read)
            # One after the other: both models want the same processor.
            more = await encoder.run(prepared.encoded) if encoder and prepared.encoded else []
            analyses = await self._off_loop(lambda stop: self._finish(inquiry, prepared, rows, more, stop))
            self._metrics.observe_answer(len(inquiry.texts), prepared.hits)
            return analyses

    async def embed(self, texts: Sequence[str], *, remember: bool = True) -> NDArray[np.float32]:
        """Return the embeddings of texts, (texts, dimensions), of length 1 each, in order.

        They go the way of an inquiry; the cache answers, and learns them only to `remember`. Raises InputError
        where no model gives embeddings, OverloadedError and InferenceError as `analyze` does.
        """
        reader = self._embedder
        if self.embedding_version is None:
            raise InputError(_NO_EMBEDDING)
        if not texts:
            return np.empty((0, reader.dimensions), np.float32)
        async with self._admitted(len(texts), reader):
            questions, pending = await self._off_loop(lambda stop: _prepare_texts(reader, texts, stop))
            rows = await reader.run(pending)
            return await self._off_loop(
                lambda _: embeddings_of(questions, reader.finish(pending, rows, remember=remember))
            )

    async def _off_loop(self, work: Callable[[Stop], Result]) -> Result:
        """Run `work` in a thread; once nobody waits for it, past the deadline or the client gone, it is told to end."""
        stop = Stop()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, work, stop)
        finally:
            stop.set()

    @asynccontextmanager
    async def _admitted(self, texts: int, *readers: Reader) -> AsyncIterator[None]:
        """Hold room for the texts in every reader, for as long as the deadline allows."""
        with ExitStack() as held:
            for reader in readers:
                held.enter_context(reader.batcher.admit(texts))
            try:
                async with asyncio.timeout(self._deadline):
                    yield
            except TimeoutError:
                raise OverloadedError(
                    f"these texts were not read within {self._deadline:g} seconds; send fewer or later"
                ) from None

    def _check(self, categories: CategorySet | None) -> None:
        if categories is None:
            return
        if self.embedding_version is None:
            raise InputError(_NO_EMBEDDING, ("body", "category_set"))
        if categories.embedding_version != self.embedding_version:
            raise ConflictError(
                f"the category set '{categories.name}' was trained on embeddings {categories.embedding_version}, but "
                f"the model gives {self.embedding_version}: put the set's examples again"
            )
        if categories.dimensions != self._embedder.dimensions:
            raise ConflictError(
                f"the category set '{categories.name}' reads {categories.dimensions} numbers of an embedding, but the "
                f"model gives {self._embedder.dimensions}: put the set's examples again"
            )

    def _embeds(self, inquiry: Inquiry) -> bool:
        wanted = inquiry.category_set is not None or "embedding" in inquiry.wanted
        return wanted and self.embedding_version is not None

    def _prepare(self, inquiry: Inquiry, stop: Stop) -> _Prepared:
        normal = _normalised(inquiry.texts, stop)
        texts = [normal[text] for text in inquiry.texts]
        nothing = [None] * len(texts)
        detections = self._detected(list(zip(texts, inquiry.hints, strict=True)), stop)
        aimed = [
            Question(text, target) if target else None
            for text, target in zip(texts, self._targets(inquiry, stop), strict=True)
        ]
        always, sentiment = self._reads_alone(inquiry), "sentiment" in inquiry.wanted
        plain = [
            Question(text) if always or (sentiment and pair is None) else None
            for text, pair in zip(texts, aimed, strict=True)
        ]
        embedded = [Question(text) for text in texts] if self._embeds(inquiry) else nothing
        read = self._reader.prepare([question for question in (*plain, *aimed) if question is not None], stop.check)
        wanted = [question for question in embedded if question is not None]
        encoded = self._encoder.prepare(wanted, stop.check) if self._encoder else None
        return _Prepared(Asked(detections, plain, aimed, embedded), read, encoded)

    def _detected(self, texts: Sequence[tuple[str, str | None]], stop: Stop) -> list[Detection]:
        found: dict[tuple[str, str | None], Detection] = {}
        for text in dict.fromkeys(texts):
            stop.check()
            found[text] = self._detector.detect(*text)
        return [found[text] for text in texts]

    def _targets(self, inquiry: Inquiry, stop: Stop) -> Sequence[str | None]:
        """Return the normalised targets, None where one changes nothing."""
        if not self._reader.card.reads_targets or "sentiment" not in inquiry.wanted:
            return [None] * len(inquiry.texts)
        normal = _normalised([target for target in inquiry.targets if target is not None], stop)
        return [normal[target] if target is not None else None for target in inquiry.targets]

    def _reads_alone(self, inquiry: Inquiry) -> bool:
        """Tell whether the pass over a text alone gives something that is wanted, beside the sentiment."""
        without = {"sentiment"} if inquiry.category_set is None else {"sentiment", "category"}
        given = any(feature in self._reader.card.heads for feature in inquiry.wanted if feature not in without)
        return given or (self._encoder is None and self._embeds(inquiry))

    def _finish(
        self, inquiry: Inquiry, prepared: _Prepared, rows: Sequence[Row], more: Sequence[Row], stop: Stop
    ) -> list[Analysis]:
        readings = self._reader.finish(prepared.read, rows)
        encoded = self._encoder.finish(prepared.encoded, more) if self._encoder and prepared.encoded else readings
        return analyses_of(inquiry, prepared.asked, readings, encoded, self._scorer, stop.check)


def _prepare_texts(reader: Reader, texts: Sequence[str], stop: Stop) -> tuple[list[Question], Pending]:
    normal = _normalised(texts, stop)
    questions = [Question(normal[text]) for text in texts]
    return questions, reader.prepare(questions, stop.check)


def _normalised(texts: Sequence[str], stop: Stop) -> dict[str, str]:
    """Return the normalised form of each different text."""
    normal: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        stop.check()
        normal[text] = normalise(text)
    return normal
