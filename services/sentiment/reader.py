"""One model's way of reading: known texts from the cache, the others through tokenizer and batcher."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.sentiment.batch import Row
from services.sentiment.batcher import Batcher
from services.sentiment.cache import ReadingCache, key_of
from services.sentiment.model_card import ModelCard
from services.sentiment.reading import Reading, ReadingMaker
from services.sentiment.tokenizer import Tokenizer, Tokens


class Question(NamedTuple):
    """A normalised text, and what it is about where that is asked."""

    text: str
    target: str | None = None


@dataclass(frozen=True)
class Pending:
    """Questions made ready: the readings at hand, and the others, once each, with their tokens."""

    known: Mapping[Question, Reading]
    fresh: Sequence[Question]
    tokens: Sequence[Tokens]


class Reader:
    """Reads by one model. `prepare` and `finish` are CPU work, for a thread; `run` waits for the model."""

    def __init__(
        self, card: ModelCard, tokenizer: Tokenizer, batcher: Batcher, cache: ReadingCache, dimensions: int
    ) -> None:
        """Put the model's parts together; `dimensions` is the length of its embeddings, 0 without."""
        self.card = card
        self.batcher = batcher
        self.dimensions = dimensions
        self._tokenizer = tokenizer
        self._cache = cache
        self._maker = ReadingMaker(card)
        self._prefix = card.embedding.prefix if card.embedding else ""

    def prepare(self, questions: Iterable[Question], check: Callable[[], None] = lambda: None) -> Pending:
        """Look the questions up, and tokenise those that are new; one that stands twice is read once.

        `check` is called between texts, and may raise to end the work.
        """
        known: dict[Question, Reading] = {}
        fresh: list[Question] = []
        for question in dict.fromkeys(questions):
            reading = self._cache.get(key_of(*question))
            if reading is None:
                fresh.append(question)
            else:
                known[question] = reading
        texts = [self._prefix + question.text for question in fresh]
        return Pending(known, fresh, self._tokenizer.encode(texts, [question.target for question in fresh], check))

    async def run(self, pending: Pending) -> list[Row]:
        """Return a row for each fresh question; raises what Batcher.submit raises."""
        return await self.batcher.submit(pending.tokens)

    def finish(self, pending: Pending, rows: Sequence[Row], *, remember: bool = True) -> dict[Question, Reading]:
        """Return the reading of each question, and remember those that are new where that is wanted."""
        aimed = [question.target is not None for question in pending.fresh]
        made = self._maker.make([question.text for question in pending.fresh], pending.tokens, rows, aimed)
        if remember:
            for question, reading in zip(pending.fresh, made, strict=True):
                self._cache.put(key_of(*question), reading)
        return {**pending.known, **dict(zip(pending.fresh, made, strict=True))}
