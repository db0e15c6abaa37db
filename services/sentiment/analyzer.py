"""The way of a request through the service: normalise, look up, tokenise, batch, score."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.sentiment.answers import RequestInputs, analyses_of, embeddings_of
from services.sentiment.batch import Row
from services.sentiment.cancellation import Cancellation
from services.sentiment.categories.category_set import CategorySet
from services.sentiment.language import Detection, LanguageDetector
from services.sentiment.metrics import SentimentMetrics
from services.sentiment.normalisation import normalise
from services.sentiment.reader import ModelInput, Pending, Reader
from services.sentiment.request import AnalysisRequest
from services.sentiment.scoring import Scorer
from shared.analysis import Analysis
from shared.errors import ConflictError, InputError, OverloadedError

Result = TypeVar("Result")

_NO_EMBEDDING: Final = (
    "the model that is served gives no embeddings, which this needs; set EMBEDDING_MODEL, or SENTIMENT_MODEL to a "
    "model with them"
)


@dataclass(frozen=True)
class _Prepared:
    """A request made ready: its inputs, what the model reads of them, and the encoder where it does."""

    inputs: RequestInputs
    read: Pending
    encoded: Pending | None

    @property
    def hits(self) -> int:
        """How many texts were read before, everything that is asked of them."""
        fresh = {*self.read.fresh, *(self.encoded.fresh if self.encoded else ())}
        inputs = self.inputs
        return sum(
            any(of_text) and fresh.isdisjoint(of_text)
            for of_text in zip(inputs.plain, inputs.aimed, inputs.embedded, strict=True)
        )


class Analyzer:
    """Answers requests; its CPU work runs in `workers`, each model's in its batcher."""

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
        """Put the stages together; `deadline` is seconds for one request.

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

    async def analyze(self, request: AnalysisRequest) -> list[Analysis]:
        """Return each text's analysis, in order, with the features asked for and no others set.

        A text that stands in the request twice, or came before, is read once; nothing is read that is not asked
        for. Raises OverloadedError where too much is being answered or the deadline passed,
        InferenceError where the model failed, InputError or ConflictError where the embeddings are not
        those that the category set needs.
        """
        self._check(request.category_set)
        encoder = self._encoder if self._embeds(request) else None
        async with self._admitted(len(request.texts), self._reader, *([encoder] if encoder else [])):
            prepared = await self._off_loop(lambda work: self._prepare(request, work))
            rows = await self._reader.run(prepared.read)
            # One after the other: both models want the same processor.
            encoder_rows = await encoder.run(prepared.encoded) if encoder and prepared.encoded else []
            analyses = await self._off_loop(lambda work: self._finish(request, prepared, rows, encoder_rows, work))
            self._metrics.observe_answer(len(request.texts), prepared.hits)
            return analyses

    async def embed(self, texts: Sequence[str], *, remember: bool = True) -> NDArray[np.float32]:
        """Return the embeddings of texts, (texts, dimensions), of length 1 each, in order.

        They go the way of a request; the cache answers, and learns them only to `remember`. Raises InputError
        where no model gives embeddings, OverloadedError and InferenceError as `analyze` does.
        """
        reader = self._embedder
        if self.embedding_version is None:
            raise InputError(_NO_EMBEDDING)
        if not texts:
            return np.empty((0, reader.dimensions), np.float32)
        async with self._admitted(len(texts), reader):
            inputs, pending = await self._off_loop(lambda work: _prepare_texts(reader, texts, work))
            rows = await reader.run(pending)
            return await self._off_loop(
                lambda _: embeddings_of(inputs, reader.finish(pending, rows, remember=remember))
            )

    async def _off_loop(self, work: Callable[[Cancellation], Result]) -> Result:
        """Run `work` in a thread; past the deadline, or with the client gone, it is cancelled."""
        cancellation = Cancellation()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, work, cancellation)
        finally:
            cancellation.cancel()

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

    def _embeds(self, request: AnalysisRequest) -> bool:
        wanted = request.category_set is not None or "embedding" in request.wanted
        return wanted and self.embedding_version is not None

    def _prepare(self, request: AnalysisRequest, work: Cancellation) -> _Prepared:
        normal = _normalised(request.texts, work)
        texts = [normal[text] for text in request.texts]
        nothing = [None] * len(texts)
        detections = self._detected(list(zip(texts, request.hints, strict=True)), work)
        aimed = [
            ModelInput(text, target) if target else None
            for text, target in zip(texts, self._targets(request, work), strict=True)
        ]
        always, sentiment = self._reads_alone(request), "sentiment" in request.wanted
        plain = [
            ModelInput(text) if always or (sentiment and pair is None) else None
            for text, pair in zip(texts, aimed, strict=True)
        ]
        embedded = [ModelInput(text) for text in texts] if self._embeds(request) else nothing
        read = self._reader.prepare([each for each in (*plain, *aimed) if each is not None], work.check)
        wanted = [each for each in embedded if each is not None]
        encoded = self._encoder.prepare(wanted, work.check) if self._encoder else None
        return _Prepared(RequestInputs(detections, plain, aimed, embedded), read, encoded)

    def _detected(self, texts: Sequence[tuple[str, str | None]], work: Cancellation) -> list[Detection]:
        found: dict[tuple[str, str | None], Detection] = {}
        for text in dict.fromkeys(texts):
            work.check()
            found[text] = self._detector.detect(*text)
        return [found[text] for text in texts]

    def _targets(self, request: AnalysisRequest, work: Cancellation) -> Sequence[str | None]:
        """Return the normalised targets, None where one changes nothing."""
        if not self._reader.card.reads_targets or "sentiment" not in request.wanted:
            return [None] * len(request.texts)
        normal = _normalised([target for target in request.targets if target is not None], work)
        return [normal[target] if target is not None else None for target in request.targets]

    def _reads_alone(self, request: AnalysisRequest) -> bool:
        """Tell whether the pass over a text alone gives something that is wanted, beside the sentiment."""
        without = {"sentiment"} if request.category_set is None else {"sentiment", "category"}
        given = any(feature in self._reader.card.heads for feature in request.wanted if feature not in without)
        return given or (self._encoder is None and self._embeds(request))

    def _finish(
        self,
        request: AnalysisRequest,
        prepared: _Prepared,
        rows: Sequence[Row],
        encoder_rows: Sequence[Row],
        work: Cancellation,
    ) -> list[Analysis]:
        outputs = self._reader.finish(prepared.read, rows)
        encoded = (
            self._encoder.finish(prepared.encoded, encoder_rows) if self._encoder and prepared.encoded else outputs
        )
        return analyses_of(request, prepared.inputs, outputs, encoded, self._scorer, work.check)


def _prepare_texts(reader: Reader, texts: Sequence[str], work: Cancellation) -> tuple[list[ModelInput], Pending]:
    normal = _normalised(texts, work)
    inputs = [ModelInput(normal[text]) for text in texts]
    return inputs, reader.prepare(inputs, work.check)


def _normalised(texts: Sequence[str], work: Cancellation) -> dict[str, str]:
    """Return the normalised form of each different text."""
    normal: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        work.check()
        normal[text] = normalise(text)
    return normal
