"""One model's way of reading: known inputs from the cache, the others through tokenizer and batcher."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Final, NamedTuple

from cachetools import LRUCache

from services.sentiment.batch import Row
from services.sentiment.batcher import Batcher
from services.sentiment.model_card import ModelCard
from services.sentiment.model_output import ModelOutput, OutputBuilder
from services.sentiment.tokenizer import Tokenizer, Tokens

_DIGEST_BYTES: Final = 16


class ModelInput(NamedTuple):
    """A normalised text, and what it is about where that is asked."""

    text: str
    target: str | None = None


@dataclass(frozen=True)
class Pending:
    """Inputs made ready: the outputs known already, and the other inputs, once each, with their tokens."""

    known: Mapping[ModelInput, ModelOutput]
    fresh: Sequence[ModelInput]
    tokens: Sequence[Tokens]


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


class Reader:
    """Reads by one model. `prepare` and `finish` are CPU work, for a thread; `run` waits for the model."""

    def __init__(
        self, card: ModelCard, tokenizer: Tokenizer, batcher: Batcher, cache: OutputCache, dimensions: int
    ) -> None:
        """Put the model's parts together; `dimensions` is the length of its embeddings, 0 without."""
        self.card = card
        self.batcher = batcher
        self.dimensions = dimensions
        self._tokenizer = tokenizer
        self._cache = cache
        self._builder = OutputBuilder(card)
        self._prefix = card.embedding.prefix if card.embedding else ""

    def prepare(self, inputs: Iterable[ModelInput], check: Callable[[], None] = lambda: None) -> Pending:
        """Look the inputs up, and tokenise those that are new; one that stands twice is read once.

        `check` is called between texts, and may raise to end the work.
        """
        known: dict[ModelInput, ModelOutput] = {}
        fresh: list[ModelInput] = []
        for each in dict.fromkeys(inputs):
            output = self._cache.get(key_of(*each))
            if output is None:
                fresh.append(each)
            else:
                known[each] = output
        texts = [self._prefix + each.text for each in fresh]
        return Pending(known, fresh, self._tokenizer.encode(texts, [each.target for each in fresh], check))

    async def run(self, pending: Pending) -> list[Row]:
        """Return a row for each fresh input; raises what Batcher.submit raises."""
        return await self.batcher.submit(pending.tokens)

    def finish(self, pending: Pending, rows: Sequence[Row], *, remember: bool = True) -> dict[ModelInput, ModelOutput]:
        """Return the output of each input, and remember those that are new where that is wanted."""
        aimed = [each.target is not None for each in pending.fresh]
        built = self._builder.build([each.text for each in pending.fresh], pending.tokens, rows, aimed)
        fresh = dict(zip(pending.fresh, built, strict=True))
        if remember:
            for each, output in fresh.items():
                self._cache.put(key_of(*each), output)
        return {**pending.known, **fresh}


def key_of(text: str, target: str | None) -> bytes:
    """Return the digest of a normalised text with its target."""
    encoded = text.encode("utf-8", "surrogatepass")
    # The length keeps a text apart from a shorter one whose target is the rest of it.
    digest = blake2b(encoded, digest_size=_DIGEST_BYTES, salt=len(encoded).to_bytes(8, "big"))
    if target is not None:
        digest.update(b"\x00" + target.encode("utf-8", "surrogatepass"))
    return digest.digest()
