"""A tiny model with every kind of head, whose answers are known, and a tiny sentence encoder.

Class logits are sums over a text's tokens of a table's rows; tags and token vectors are looked up token by token.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, processors

from tests.unit.sentiment.onnx_graph import Table, write_tables

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "ann", "lee", "new", "york", "late", "joke", "user", "@")
SENTIMENTS = ("negative", "neutral", "positive")
TAGS = ("O", "B-person", "I-person", "B-location", "I-location")
DIMENSIONS = 4


def table(width: int, **rows: Sequence[float]) -> Table:
    """Return a row of `width` numbers for each word, zeros where none is given."""
    numbers = np.zeros((len(WORDS), width), np.float32)
    for word, row in rows.items():
        numbers[WORDS.index(word)] = row
    return numbers


SENTIMENT = table(3, good=(0, 0, 4), bad=(4, 0, 0))
TARGET_SENTIMENT = table(3, good=(2, 0, 0), bad=(0, 0, 2), ann=(0, 0, 8))
IRONY = table(2, joke=(0, 4))
CATEGORY = table(3, late=(0, 4, 0))
_PERSON = (0, 9, 0, 0, 0)
ENTITIES = table(5, ann=_PERSON, lee=(0, 0, 9, 0, 0), new=(0, 0, 0, 9, 0), york=(0, 0, 0, 0, 9), **{"@": _PERSON})
VECTORS = table(DIMENSIONS, good=(3, 0, 0, 0), bad=(0, 3, 0, 0), late=(0, 0, 4, 0), ann=(0, 0, 0, 1))
ENTITIES[:4, 0] = 1

CARD: dict[str, Any] = {
    "name": "many",
    "version": "1",
    "languages": ["en"],
    "max_length": 16,
    "licence": "Apache-2.0",
    "heads": {
        "sentiment": {"output": "sentiment", "labels": SENTIMENTS},
        "target_sentiment": {"output": "target_sentiment", "labels": SENTIMENTS},
        "irony": {"output": "irony", "labels": ["non-irony", "irony"]},
        "category": {"output": "category", "labels": ["Bags", "Delay", "Other"]},
        "entities": {"output": "entities", "labels": TAGS},
    },
    "embedding": {"output": "embedding", "version": "many-1"},
    "evaluation": {"sentiment": {"macro_recall": 0.7}},
}


def write_many(folder: Path, **changes: Any) -> Path:
    """Write the model with every kind of head; `changes` replace keys under `voxpop`."""
    summed = {"sentiment": SENTIMENT, "target_sentiment": TARGET_SENTIMENT, "irony": IRONY, "category": CATEGORY}
    write_tables(folder / "model.onnx", summed={**summed, "embedding": VECTORS}, by_token={"entities": ENTITIES})
    (folder / "config.json").write_text(json.dumps({"voxpop": {**CARD, **changes}}))
    write_tokenizer(folder / "tokenizer.json")
    return folder


def write_encoder(
    folder: Path, output: str = "last_hidden_state", config: Any = None, pooling: Any = None, vectors: Table = VECTORS
) -> Path:
    """Write an encoder; its `output` is of token vectors by these names, else of one vector a text."""
    folder.mkdir(parents=True, exist_ok=True)
    by_token = output in {"last_hidden_state", "token_embeddings"}
    tables = {output: vectors}
    write_tables(folder / "model.onnx", summed={} if by_token else tables, by_token=tables if by_token else {})
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"} if config is None else config))
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    write_tokenizer(folder / "tokenizer.json")
    return folder


def write_tokenizer(path: Path) -> None:
    """Write a tokenizer of lower-cased words and punctuation, with BERT's special tokens around them."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(path))
