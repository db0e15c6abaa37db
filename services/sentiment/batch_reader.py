"""A batch of texts from several requests, answered in one thread: normalise, look up, tokenise, run, score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.sentiment.answers import RequestInputs, analyses_of, embeddings_of
from services.sentiment.language import UNDETERMINED, Detection, LanguageDetector
from services.sentiment.metrics import SentimentMetrics
from services.sentiment.model_card import EMBEDDING
from services.sentiment.normalisation import normalise
from services.sentiment.reader import ModelInput, Outputs, Reader
from services.sentiment.request import AnalysisRequest
from services.sentiment.scoring import Scorer
from shared.analysis import Analysis

_NOT_LOOKED_FOR: Final = Detection(UNDETERMINED, supported=True)
_LEAST_TOKENS: Final = 16
"""What a text costs beside its own tokens, in tokens: a batch of the shortest is not free."""
_BYTES_A_TOKEN: Final = 3
_BYTES_PREPARED: Final = 128
"""Bytes that are normalised and tokenised in about the time that the model takes for a token."""


@dataclass(frozen=True, eq=False, slots=True)
class AskedText:
    """The text at a place of a request; with `embed` its embedding is the answer, unrounded."""

    request: AnalysisRequest
    place: int
    embed: bool = False
    remember: bool = True


TextAnswer = Analysis | NDArray[np.float32]


@dataclass(frozen=True)
class _Part:
    """The texts of a batch that are of one request, and their places in the batch."""

    places: Sequence[int]
    request: AnalysisRequest
    inputs: RequestInputs
    embed: bool
    remember: bool

    @property
    def read(self) -> set[ModelInput]:
        return {each for each in (*self.inputs.plain, *self.inputs.aimed) if each is not None}

    @property
    def encoded(self) -> set[ModelInput]:
        return {each for each in self.inputs.embedded if each is not None}

    def hits(self, fresh: set[ModelInput]) -> int:
        """Return how many texts were read before, everything that is asked of them."""
        inputs = zip(self.inputs.plain, self.inputs.aimed, self.inputs.embedded, strict=True)
        return sum(any(of_text) and fresh.isdisjoint(of_text) for of_text in inputs)


class BatchReader:
    """Answers batches; safe to use from several threads."""

    def __init__(
        self, reader: Reader, encoder: Reader | None, detector: LanguageDetector, metrics: SentimentMetrics
    ) -> None:
        """Put the stages together. With an `encoder` the embeddings are its, else those of `reader`."""
        self._reader = reader
        self._encoder = encoder
        self.embedder = encoder or reader
        self._detector = detector
        self._metrics = metrics
        self._scorer = Scorer(reader.card)

    @property
    def embedding_version(self) -> str | None:
        """Of the embeddings that are answered, None where there are none."""
        embedding = self.embedder.card.embedding
        return embedding.version if embedding else None

    def tokens_of(self, request: AnalysisRequest) -> list[int]:
        """Return about how many tokens of the model each text costs: by its bytes, whatever is read of them."""
        passes = max(1, self._reads_alone(request) + self._aims(request)) + (
            self._encoder is not None and self._embeds(request)
        )
        longest = self._reader.card.max_length
        sizes = [len(text.encode("utf-8", "surrogatepass")) for text in request.texts]
        return [
            passes * max(_LEAST_TOKENS, min(longest, size // _BYTES_A_TOKEN)) + size // _BYTES_PREPARED
            for size in sizes
        ]

    def answer(self, batch: Sequence[AskedText]) -> list[TextAnswer]:
        """Return the answer to each text: its analysis, or its embedding. CPU work."""
        parts = self._parts(batch)
        outputs = self._outputs(self._reader, [(part.read, part.remember) for part in parts])
        encoded = outputs
        if self._encoder is not None:
            # One after the other: both models want the same processor.
            encoded = self._outputs(self._encoder, [(part.encoded, part.remember) for part in parts])
        answers: dict[int, TextAnswer] = {}
        for part in parts:
            answers |= zip(part.places, self._answers(part, outputs, encoded), strict=True)
            if not part.embed:
                self._metrics.observe_hits(part.hits({*outputs.fresh, *encoded.fresh}))
        return [answers[place] for place in range(len(batch))]

    def _parts(self, batch: Sequence[AskedText]) -> list[_Part]:
        places: dict[AnalysisRequest, list[int]] = {}
        for place, text in enumerate(batch):
            places.setdefault(text.request, []).append(place)
        parts = []
        for request, of_request in places.items():
            first = batch[of_request[0]]
            part = request.part([batch[place].place for place in of_request])
            parts.append(_Part(of_request, part, self._inputs(part), first.embed, first.remember))
        return parts

    def _inputs(self, request: AnalysisRequest) -> RequestInputs:
        normal = {text: normalise(text) for text in dict.fromkeys(request.texts)}
        texts = [normal[text] for text in request.texts]
        nothing = [None] * len(texts)
        detections = (
            [self._detector.detect(*each) for each in zip(texts, request.hints, strict=True)]
            if request.detect
            else [_NOT_LOOKED_FOR] * len(texts)
        )
        targets = [normalise(to or "") for to in request.targets] if self._aims(request) else nothing
        aimed = [ModelInput(text, target) if target else None for text, target in zip(texts, targets, strict=True)]
        always, sentiment = self._reads_alone(request), "sentiment" in request.wanted
        plain = [
            ModelInput(text) if always or (sentiment and pair is None) else None
            for text, pair in zip(texts, aimed, strict=True)
        ]
        embedded = [ModelInput(text) for text in texts] if self._embeds(request) else nothing
        return RequestInputs(detections, plain, aimed, embedded)

    def _aims(self, request: AnalysisRequest) -> bool:
        return self._reader.card.reads_targets and "sentiment" in request.wanted and any(request.targets)

    def _embeds(self, request: AnalysisRequest) -> bool:
        wanted = request.category_set is not None or EMBEDDING in request.wanted
        return wanted and self.embedding_version is not None

    def _reads_alone(self, request: AnalysisRequest) -> bool:
        """Tell whether the pass over a text alone gives something that is wanted, beside the sentiment."""
        without = {"sentiment"} if request.category_set is None else {"sentiment", "category"}
        given = any(feature in self._reader.card.heads for feature in request.wanted if feature not in without)
        return given or (self._encoder is None and self._embeds(request))

    @staticmethod
    def _outputs(reader: Reader, wanted: Sequence[tuple[set[ModelInput], bool]]) -> Outputs:
        inputs = dict.fromkeys(each for some, _ in wanted for each in some)
        return reader.read(inputs, {each for some, remember in wanted if remember for each in some})

    def _answers(self, part: _Part, outputs: Outputs, encoded: Outputs) -> Sequence[TextAnswer]:
        if part.embed:
            return list(embeddings_of([each for each in part.inputs.embedded if each is not None], encoded.of))
        return analyses_of(part.request, part.inputs, outputs.of, encoded.of, self._scorer)
