"""The way of a request through the service: checks, admission, the queue, and the deadline."""

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.sentiment.batch_reader import AskedText, BatchReader, TextAnswer
from services.sentiment.batcher import Batcher
from services.sentiment.categories.category_set import CategorySet
from services.sentiment.metrics import SentimentMetrics
from services.sentiment.request import AnalysisRequest
from shared.analysis import Analysis
from shared.errors import ConflictError, InputError, OverloadedError

_NO_EMBEDDING: Final = (
    "the model that is served gives no embeddings, which this needs; set EMBEDDING_MODEL, or SENTIMENT_MODEL to a "
    "model with them"
)
TRAINING: Final = "training of category sets"
"""The caller whose turn the examples of category sets have; no key has this name: it has blanks."""


class Analyzer:
    """Answers requests; everything that takes CPU time is in the batcher's threads."""

    def __init__(
        self,
        reader: BatchReader,
        batcher: Batcher[AskedText, TextAnswer],
        metrics: SentimentMetrics,
        deadline: float,
    ) -> None:
        """Put the stages together; `deadline` is seconds for one request."""
        self._reader = reader
        self._metrics = metrics
        self._batcher = batcher
        self._deadline = deadline

    @property
    def embedding_version(self) -> str | None:
        """Of the embeddings that are answered, None where there are none."""
        return self._reader.embedding_version

    def tokens_of(self, request: AnalysisRequest) -> int:
        """Return about how many tokens a request costs."""
        return sum(self._reader.tokens_of(request))

    async def analyze(self, request: AnalysisRequest, caller: str = "") -> list[Analysis]:
        """Return each text's analysis, in order, with the features asked for and no others set.

        Callers take turns by their names. A text that stands in the request twice, or came before, is read once;
        nothing is read that is not asked for. Raises OverloadedError where too much is being answered or the deadline
        passed, InferenceError where the model failed, InputError or ConflictError where the embeddings are not those
        that the category set needs.
        """
        self._check(request.category_set)
        alike = list(zip(request.texts, request.targets, request.hints, strict=True))
        places = {each: place for place, each in enumerate(dict.fromkeys(alike))}
        different = request.part([alike.index(each) for each in places]) if len(places) < len(alike) else request
        asked = [AskedText(different, place) for place in range(len(places))]
        answers = await self._answers(different, caller, asked)
        found = [answer for answer in answers if isinstance(answer, Analysis)]
        self._metrics.observe_answer(len(alike))
        return [found[places[each]] for each in alike]

    async def embed(self, texts: Sequence[str], *, remember: bool = True) -> NDArray[np.float32]:
        """Return the embeddings of texts, (texts, dimensions), of length 1 each, in order.

        They go the way of a request; the cache answers, and learns them only to `remember`. Raises InputError
        where no model gives embeddings, OverloadedError and InferenceError as `analyze` does.
        """
        if self.embedding_version is None:
            raise InputError(_NO_EMBEDDING)
        if not texts:
            return np.empty((0, self._reader.embedder.dimensions), np.float32)
        request = AnalysisRequest.of_embeddings(texts)
        asked = [AskedText(request, i, embed=True, remember=remember) for i in range(len(texts))]
        answers = await self._answers(request, TRAINING, asked)
        return np.stack([answer for answer in answers if isinstance(answer, np.ndarray)])

    async def _answers(self, request: AnalysisRequest, caller: str, asked: Sequence[AskedText]) -> list[TextAnswer]:
        """Have the texts answered, for as long as the deadline allows."""
        tokens = self._reader.tokens_of(request)
        try:
            async with asyncio.timeout(self._deadline):
                return await self._batcher.submit(caller, asked, tokens)
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
        if categories.dimensions != self._reader.embedder.dimensions:
            raise ConflictError(
                f"the category set '{categories.name}' reads {categories.dimensions} numbers of an embedding, but the "
                f"model gives {self._reader.embedder.dimensions}: put the set's examples again"
            )
