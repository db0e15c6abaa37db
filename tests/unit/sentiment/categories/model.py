"""A tiny model with embeddings: a text's is the sum of its words' rows in a table, scaled to length 1."""

import json
from pathlib import Path

import numpy as np

from tests.unit.sentiment.onnx_graph import write_tables, write_words

WORDS = (
    *("[UNK]", "[PAD]", "[SEP]", "my", "bag", "is", "lost", "lost,", "hours", "of", "delay", "delay,"),
    *("give", "me", "a", "window", "window,", "said"),
)
VERSION = "words-1"


def write_model(folder: Path, *, embedding: bool = True) -> Path:
    """Write a model that is always neutral into a new folder; return the folder."""
    folder.mkdir()
    own = {
        "name": "words",
        "heads": {"sentiment": {"output": "sentiment", "labels": ["negative", "neutral", "positive"]}},
        **({"embedding": {"output": "embedding", "version": VERSION}} if embedding else {}),
    }
    (folder / "config.json").write_text(json.dumps({"voxpop": own, "pad_token_id": 1}))
    vectors = np.random.default_rng(1).standard_normal((len(WORDS), 8)).astype(np.float32)
    neutral = np.tile(np.array([0, 1, 0], np.float32), (len(WORDS), 1))
    write_tables(folder / "model.onnx", summed={"embedding": vectors, "sentiment": neutral}, by_token={})
    write_words(folder / "tokenizer.json", WORDS)
    return folder
