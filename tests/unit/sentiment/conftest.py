"""Models for the tests: the shipped one, and a tiny one whose answers are known."""

from pathlib import Path
from typing import Any, Protocol

import pytest

from services.sentiment.model_folder import ModelFolder, open_model
from services.sentiment.settings import DEFAULT_MODEL
from tests.unit.sentiment.onnx_graph import write_tiny


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
        return write_tiny(tmp_path_factory.mktemp("tiny-model"), config, **graph)

    return make
