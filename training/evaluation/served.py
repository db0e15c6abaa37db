"""A model folder, asked through the code that serves it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.sentiment.engine import Engine
from services.sentiment.entity_reader import EntityReader, entities_of
from services.sentiment.labels import sentiment_classes
from services.sentiment.model_card import EMBEDDING, ENTITIES, SENTIMENT_HEADS, ModelCard
from services.sentiment.model_folder import ModelFolder, open_model
from services.sentiment.normalisation import normalise
from services.sentiment.scoring import softmax
from services.sentiment.tokenizer import Tokenizer, Tokens
from shared.analysis import SENTIMENT_LABELS
from training.corpora import encode
from training.evaluation.spans import WordSpan, words_of
from training.measures import Probabilities
from training.predictions import HeldOutTexts, Predictions

BATCH: Final = 32
Rows = dict[str, list[NDArray[np.float32]]]
"""What the model gives, a list as long as the texts for each output."""


class ServedModel:
    """A contestant: tokenizer, graph and scoring as in the service."""

    def __init__(self, model: ModelFolder, name: str | None = None) -> None:
        """Start a model; `name` is what tables call it, else its name and version.

        Raises SettingsError where it cannot be served.
        """
        self.card: ModelCard = model.card
        self.name = name or model.card.label
        self._engine = Engine(model, "cpu", 0)
        self._engine.warm_up()
        self._tokenizer = Tokenizer.of(model)

    @classmethod
    def open(cls, folder: str, name: str | None = None, graph: Path | None = None) -> "ServedModel":
        """Open a folder or hub id; `graph` stands in for the folder's own, for one before quantisation."""
        model = open_model(folder)
        return cls(model if graph is None else replace(model, graph=graph), name)

    def labels(self, head: str) -> tuple[str, ...]:
        """Return a head's labels by class number, those of sentiment in the words of the service.

        Raises ValueError, naming the heads there are, where the model has no such head.
        """
        if head not in self.card.heads:
            raise ValueError(f"{self.name} has no head '{head}'; it has {', '.join(sorted(self.card.heads))}")
        own = self.card.heads[head].labels
        return sentiment_classes(own) if head in SENTIMENT_HEADS else own

    def predict(self, inputs: HeldOutTexts) -> Predictions | None:
        """Return the head's answer; without a head for targets, what the texts say as a whole.

        None where the model has no head for the inputs, or one with other labels.
        """
        head, note, targets = inputs.head, "", inputs.targets
        if head == "target_sentiment" and head not in self.card.heads:
            head, note, targets = "sentiment", "targets ignored", None
        if head not in self.card.heads:
            return None
        shares = self._shares(head, self.logits(head, inputs.texts, targets))
        labels = SENTIMENT_LABELS if head in SENTIMENT_HEADS else self.card.heads[head].labels
        if not set(inputs.labels) <= set(labels):
            return None
        shares = shares[:, [labels.index(label) for label in inputs.labels]]
        shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return Predictions(shares.argmax(axis=1), shares, note)

    def logits(self, head: str, texts: Sequence[str], targets: Sequence[str] | None = None) -> NDArray[np.float32]:
        """Return a head's logits, shape (texts, classes)."""
        return np.stack(self.run(self.encode(texts, targets))[head])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the texts' embeddings, shape (texts, dimensions); only for a model that has them."""
        prefix = self.card.embedding.prefix if self.card.embedding is not None else ""
        tokens = self._tokenizer.encode([prefix + normalise(text) for text in texts], [None] * len(texts))
        return np.stack(self.run(tokens)[EMBEDDING])

    def entities(self, posts: Sequence[Sequence[str]]) -> list[list[WordSpan]]:
        """Return the entities of posts given as words, as spans of those words; only for a model that tells them.

        The words are joined by blanks, and the text is read as if it had been sent to the service.
        """
        sent = [" ".join(words) for words in posts]
        tokens = self.encode(sent)
        reader = EntityReader(self.card.heads[ENTITIES].labels)
        spans = []
        for words, text, read, logits in zip(posts, sent, tokens, self.run(tokens)[ENTITIES], strict=True):
            found = entities_of(text, reader.read(logits, read.offsets, normalise(text)))
            spans.append(words_of(words, [(entity.type, entity.start, entity.end) for entity in found]))
        return spans

    def encode(self, texts: Sequence[str], targets: Sequence[str] | None = None) -> list[Tokens]:
        """Return the tokens of raw texts; `targets`, where given, make pairs."""
        return encode(self._tokenizer, texts, targets)

    def run(self, tokens: Sequence[Tokens], size: int = BATCH, order: NDArray[np.int64] | None = None) -> Rows:
        """Return every output for every text, in the order of `tokens`; of tagged pieces only the text's own.

        Batches of `size` are formed along `order`, else by length.
        """
        if order is None:
            order = np.argsort([len(text) for text in tokens], kind="stable")
        rows: Rows = {}
        for start in range(0, len(order), size):
            places = order[start : start + size]
            for output, values in self._engine.run([tokens[i] for i in places]).items():
                column = rows.setdefault(output, [np.empty(0, np.float32)] * len(tokens))
                for place, value in zip(places, values, strict=True):
                    column[place] = value[: len(tokens[place])] if value.ndim > 1 else value
        return rows

    def _shares(self, head: str, logits: NDArray[np.float32]) -> Probabilities:
        shares = softmax(logits, self.card.heads[head].temperature)
        if head not in SENTIMENT_HEADS:
            return shares
        classes = sentiment_classes(self.card.heads[head].labels)
        sums = np.array([[float(label == one) for label in SENTIMENT_LABELS] for one in classes])
        merged: Probabilities = shares @ sums
        return merged
