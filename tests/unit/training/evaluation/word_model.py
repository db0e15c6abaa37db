"""Writes model folders that add up what each word counts for: their answers are known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.unit.sentiment.onnx_graph import write_tables, write_words

SPECIAL = ("[PAD]", "[UNK]", "[SEP]")

Points = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class WordModel:
    """Heads with their labels, and for each head the logits that a word adds; words that are not named add none.

    `embedding` are the vectors that words add, `entities` the logits of a word itself.
    """

    heads: Mapping[str, tuple[Sequence[str], Points]]
    embedding: Points = field(default_factory=dict)
    name: str = "words"
    languages: Sequence[str] = ("en",)

    def write(self, folder: Path) -> Path:
        """Write the folder and return it."""
        folder.mkdir(parents=True, exist_ok=True)
        own = {} if not self.embedding else {"embedding": (len(next(iter(self.embedding.values()))), self.embedding)}
        points = {name: (len(labels), points) for name, (labels, points) in self.heads.items()} | own
        words = [*SPECIAL, *dict.fromkeys(word for _, of_words in points.values() for word in of_words)]
        tables = {
            name: np.array([of_words.get(word, [0.0] * width) for word in words], np.float32)
            for name, (width, of_words) in points.items()
        }
        by_token = {name: table for name, table in tables.items() if name == "entities"}
        summed = {name: table for name, table in tables.items() if name != "entities"}
        write_tables(folder / "model.onnx", summed, by_token)
        write_words(folder / "tokenizer.json", words)
        (folder / "config.json").write_text(json.dumps(self.config()))
        return folder

    def config(self) -> dict[str, Any]:
        """Return the content of config.json."""
        heads = {name: {"output": name, "labels": list(labels)} for name, (labels, _) in self.heads.items()}
        own: dict[str, Any] = {
            "name": self.name,
            "version": "1",
            "precision": "fp32",
            "max_length": 64,
            "languages": list(self.languages),
            "heads": heads,
        }
        if self.embedding:
            own["embedding"] = {"output": "embedding", "version": "e1"}
        return {"voxpop": own}


SENTIMENTS = ("negative", "neutral", "positive")
SENTIMENT_POINTS = {"bad": [3.0, 0.0, 0.0], "plain": [0.0, 3.0, 0.0], "good": [0.0, 0.0, 3.0]}


def sentiment_model(name: str = "words", **heads: tuple[Sequence[str], Points]) -> WordModel:
    """Return a model that calls texts with `good`, `plain` and `bad` by those words; more heads may be added."""
    return WordModel({"sentiment": (SENTIMENTS, SENTIMENT_POINTS), **heads}, name=name)
