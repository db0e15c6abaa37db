"""Writes model folders that add up what each word counts for: their answers are known beforehand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tokenizers
from onnx import TensorProto, helper, numpy_helper
from tokenizers import models, pre_tokenizers, processors

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
        words = [*SPECIAL, *dict.fromkeys(word for _, points in self._tables().values() for word in points)]
        self._write_tokenizer(words, folder / "tokenizer.json")
        self._write_graph(words, folder / "model.onnx")
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

    def _tables(self) -> dict[str, tuple[int, Points]]:
        tables = {name: (len(labels), points) for name, (labels, points) in self.heads.items()}
        if self.embedding:
            tables["embedding"] = (len(next(iter(self.embedding.values()))), self.embedding)
        return tables

    def _write_tokenizer(self, words: Sequence[str], path: Path) -> None:
        vocabulary = {word: number for number, word in enumerate(words)}
        tokenizer = tokenizers.Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A [SEP]", pair="$A [SEP] $B:1 [SEP]:1", special_tokens=[("[SEP]", SPECIAL.index("[SEP]"))]
        )
        tokenizer.save(str(path))

    def _write_graph(self, words: Sequence[str], path: Path) -> None:
        nodes = [
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["masks"]),
        ]
        constants = [
            numpy_helper.from_array(np.array([2], np.int64), "last"),
            numpy_helper.from_array(np.array([1], np.int64), "length"),
        ]
        given = []
        for name, (width, points) in self._tables().items():
            table = np.array([points.get(word, [0.0] * width) for word in words], np.float32)
            constants.append(numpy_helper.from_array(table, f"{name}.table"))
            own = name == "entities"
            nodes.append(helper.make_node("Gather", [f"{name}.table", "input_ids"], [name if own else f"{name}.each"]))
            if not own:
                nodes.append(helper.make_node("Mul", [f"{name}.each", "masks"], [f"{name}.masked"]))
                nodes.append(helper.make_node("ReduceSum", [f"{name}.masked", "length"], [name], keepdims=0))
            shape = ["batch", "tokens", width] if own else ["batch", width]
            given.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        taken = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        graph = helper.make_graph(nodes, "words", taken, given, constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


SENTIMENTS = ("negative", "neutral", "positive")
SENTIMENT_POINTS = {"bad": [3.0, 0.0, 0.0], "plain": [0.0, 3.0, 0.0], "good": [0.0, 0.0, 3.0]}


def sentiment_model(name: str = "words", **heads: tuple[Sequence[str], Points]) -> WordModel:
    """Return a model that calls texts with `good`, `plain` and `bad` by those words; more heads may be added."""
    return WordModel({"sentiment": (SENTIMENTS, SENTIMENT_POINTS), **heads}, name=name)
