"""Models for the tests: the shipped one, and a tiny one whose answers are known beforehand."""

import json
from pathlib import Path
from typing import Any, Protocol

import pytest
import tokenizers
from tokenizers import models, pre_tokenizers, processors

from services.sentiment.model_folder import ModelFolder, open_model
from services.sentiment.settings import DEFAULT_MODEL
from tests.unit.sentiment.onnx_graph import write_classifier

VOCABULARY = {"[PAD]": 0, "[UNK]": 1, "[SEP]": 2, "good": 3, "bad": 4}


class TinyModel(Protocol):
    """Makes model folders."""

    def __call__(self, config: Any = None, **graph: Any) -> Path:
        """Write a folder; `config` replaces its config.json, `graph` are arguments of write_classifier."""


@pytest.fixture(scope="session")
def shipped() -> ModelFolder:
    """Open the model that voxpop ships."""
    return open_model(str(DEFAULT_MODEL))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    """Return the maker of drop-in classifiers in the Hugging Face layout."""

    def make(config: Any = None, **graph: Any) -> Path:
        folder = tmp_path_factory.mktemp("tiny-model")
        labels = {"0": "NEGATIVE", "1": "NEUTRAL", "2": "POSITIVE"}
        content = {"id2label": labels, "max_position_embeddings": 16} if config is None else config
        (folder / "config.json").write_text(json.dumps(content))
        write_classifier(folder / "model.onnx", **{"weights": [0.0, 0.1, 0.2], **graph})
        tokenizer = tokenizers.Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A [SEP]", pair="$A [SEP] $B:1 [SEP]:1", special_tokens=[("[SEP]", VOCABULARY["[SEP]"])]
        )
        tokenizer.enable_padding(length=12)
        tokenizer.save(str(folder / "tokenizer.json"))
        return folder

    return make
