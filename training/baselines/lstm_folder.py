"""The folder of a trained LSTM, as the service loads it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from training.baselines.lstm_graph import LstmWeights, write_lstm

VERSION: Final = "1"
LICENCE: Final = "code Apache-2.0; the weights were trained on research corpora whose terms limit them to research use"


def write_lstm_folder(
    folder: Path, name: str, weights: LstmWeights, heads: Sequence[str], labels: Sequence[str], max_length: int
) -> None:
    """Write graph and configuration into `folder`, beside the tokenizer that lies there.

    All `heads` answer with the same logits: one LSTM tells the sentiment of a text, or what it says of
    the target that goes before it.
    """
    write_lstm(weights, heads, folder / "model.onnx")
    config = {
        "model_type": "lstm",
        "pad_token_id": 0,
        "vocab_size": len(weights.embedding),
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "voxpop": {
            "name": name,
            "version": VERSION,
            "precision": "fp32",
            "languages": ["en"],
            "max_length": max_length,
            "licence": LICENCE,
            "heads": {head: {"output": head, "labels": list(labels), "temperature": 1.0} for head in heads},
            "evaluation": {},
        },
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
