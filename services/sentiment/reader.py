"""One model's way of reading: known inputs from the cache, the others through tokenizer and engine."""

import time
from collections.abc import Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Final, NamedTuple, Protocol

from cachetools import LRUCache

from services.sentiment.engine import Engine
from services.sentiment.model_card import ModelCard
from services.sentiment.model_output import ModelOutput, OutputBuilder
from services.sentiment.tokenizer import Tokenizer, Tokens

_DIGEST_BYTES: Final = 16


class ModelInput(NamedTuple):
    """A normalised text, and what it is about where that is asked."""

    text: str
    target: str | None = None


@dataclass(frozen=True)
class Outputs:
    """What was told of inputs; `fresh` are those that were read for it, the others were known."""

    of: Mapping[ModelInput, ModelOutput]
    fresh: AbstractSet[ModelInput]


class OutputCache:
    """The outputs of the latest inputs, the least recently used one dropped first.

    An output is what one pass gave, before scoring: whatever is asked of the text later is answered from it.
    The cache holds digests, no text: its size is bounded whatever is sent, and no words stay in it.
    Safe to use from several threads.
    """

    def __init__(self, texts: int) -> None:
        """Hold the outputs of at most `texts` inputs; with 0 nothing is ever found."""
        self._outputs: LRUCache[bytes, ModelOutput] = LRUCache(texts)
        self._off = texts == 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._outputs)

    def get(self, key: bytes) -> ModelOutput | None:
        """Return the output under `key`."""
        with self._lock:
            return self._outputs.get(key)

    def put(self, key: bytes, output: ModelOutput) -> None:
        """Remember an output."""
        if self._off:
            return
        with self._lock:
            self._outputs[key] = output


class BatchObserver(Protocol):
    """Counts batches."""

    def observe_batch(self, texts: int, real_tokens: int, padded_tokens: int, seconds: float) -> None:
        """Count one batch that ran; called in any thread."""


class Reader:
    """Reads by one model; safe to use from several threads."""

    def __init__(
        self,
        card: ModelCard,
        tokenizer: Tokenizer,
        engine: Engine,
        cache: OutputCache,
        observer: BatchObserver,
        budget: int,
    ) -> None:
        """Put the model's parts together; one run of the engine has at most `budget` padded tokens, or one text."""
        self.card = card
        self.dimensions = engine.dimensions
        self._engine = engine
        self._tokenizer = tokenizer
        self._cache = cache
        self._observer = observer
        self._budget = budget
        self._builder = OutputBuilder(card)
        self._prefix = card.embedding.prefix if card.embedding else ""

    def read(self, inputs: Iterable[ModelInput], remembered: Container[ModelInput]) -> Outputs:
        """Return the output of each input, once each; those that are new and `remembered` are kept. CPU work."""
        known: dict[ModelInput, ModelOutput] = {}
        fresh: list[ModelInput] = []
        for each in inputs:
            output = self._cache.get(key_of(*each))
            if output is None:
                fresh.append(each)
            else:
                known[each] = output
        if not fresh:
            return Outputs(known, frozenset())
        tokens = self._tokenizer.encode([self._prefix + each.text for each in fresh], [each.target for each in fresh])
        for part in _runs(tokens, self._budget):
            for place, output in zip(
                part, self._outputs([fresh[i] for i in part], [tokens[i] for i in part]), strict=True
            ):
                known[fresh[place]] = output
                if fresh[place] in remembered:
                    self._cache.put(key_of(*fresh[place]), output)
        return Outputs(known, frozenset(fresh))

    def _outputs(self, inputs: Sequence[ModelInput], tokens: Sequence[Tokens]) -> list[ModelOutput]:
        started = time.perf_counter()
        logits = self._engine.run(tokens)
        seconds = time.perf_counter() - started
        lengths = [len(each) for each in tokens]
        self._observer.observe_batch(len(tokens), sum(lengths), max(lengths) * len(tokens), seconds)
        rows = [{head: values[place] for head, values in logits.items()} for place in range(len(tokens))]
        aimed = [each.target is not None for each in inputs]
        return self._builder.build([each.text for each in inputs], tokens, rows, aimed)


def _runs(tokens: Sequence[Tokens], budget: int) -> list[list[int]]:
    """Return the places of texts that run together, by length, each run within the budget or of one text."""
    runs: list[list[int]] = []
    for place in sorted(range(len(tokens)), key=lambda i: len(tokens[i])):
        if runs and len(tokens[place]) * (len(runs[-1]) + 1) <= budget:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def key_of(text: str, target: str | None) -> bytes:
    """Return the digest of a normalised text with its target."""
    encoded = text.encode("utf-8", "surrogatepass")
    # The length keeps a text apart from a shorter one whose target is the rest of it.
    digest = blake2b(encoded, digest_size=_DIGEST_BYTES, salt=len(encoded).to_bytes(8, "big"))
    if target is not None:
        digest.update(b"\x00" + target.encode("utf-8", "surrogatepass"))
    return digest.digest()
