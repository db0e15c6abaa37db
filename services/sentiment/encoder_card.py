"""What the folder of a sentence encoder says of it: what it answers, how that is pooled, what goes before a text."""

import hashlib
import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, Field

from services.sentiment.model_card import Embedding, ModelCard, longest_text, parse_config
from shared.errors import SettingsError

_SETTING: Final = "EMBEDDING_MODEL"
_E5: Final = re.compile(r"(?<![a-z0-9])e5(?![a-z0-9])", re.IGNORECASE)
_E5_PREFIX: Final = "query: "
"""E5 was trained with it before each text that is compared with its like (Wang et al. 2022)."""
_DIGEST_BYTES: Final = 4
_MODE: Final = "pooling_mode"


class _EmbeddingConfig(BaseModel):
    output: Annotated[str, Field(min_length=1)] | None = None
    version: Annotated[str, Field(min_length=1)] | None = None
    prefix: str | None = None


class _VoxpopConfig(BaseModel):
    name: Annotated[str, Field(min_length=1)] | None = None
    max_length: Annotated[int, Field(ge=8, le=8192)] | None = None
    precision: str = "unknown"
    licence: str | None = None
    embedding: _EmbeddingConfig = _EmbeddingConfig()
    case_types: bool = False


class _HubConfig(BaseModel):
    model_type: str = ""
    max_position_embeddings: Annotated[int, Field(ge=8)] = 512
    pad_token_id: int | None = None
    voxpop: _VoxpopConfig = _VoxpopConfig()


def read_encoder_card(config: object, pooling: object, folder: Path, name: str, graph: Path) -> ModelCard:
    """Return the card of an encoder, which has no head and an embedding.

    `config` is the parsed `config.json`, `pooling` the parsed `1_Pooling/config.json` of
    sentence-transformers or an empty mapping; `name` is what a model without a name of its own is called.
    Without a version of its own the embedding's is the name with a digest of the graph, so that
    another graph's vectors are told apart. Reads the graph's file. Raises SettingsError, naming the key.
    """
    parsed = parse_config(_HubConfig, config, folder, _SETTING)
    own = parsed.voxpop
    called = own.name or name
    prefix = own.embedding.prefix
    if prefix is None:
        prefix = _E5_PREFIX if _E5.search(f"{name} {called}") else ""
    return ModelCard(
        name=called,
        version=None,
        folder=folder,
        precision=own.precision,
        max_length=own.max_length or longest_text(parsed.max_position_embeddings, parsed.model_type),
        heads={},
        licence=own.licence,
        embedding=Embedding(
            own.embedding.output,
            own.embedding.version or f"{called}@{_digest(graph)}",
            _pooling_mode(pooling, folder),
            prefix,
        ),
        pad_id=parsed.pad_token_id or 0,
        case_types=own.case_types,
        setting=_SETTING,
    )


def _pooling_mode(config: object, folder: Path) -> str:
    """Return how sentence-transformers pools: one mode by its name, or flags of which one is set."""
    if not isinstance(config, dict):
        raise SettingsError(f"{_SETTING}: 1_Pooling/config.json in {folder} is no mapping")
    if isinstance(config.get(_MODE), str):
        return str(config[_MODE])
    modes = [str(key) for key, value in config.items() if str(key).startswith(f"{_MODE}_") and value is True]
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    return " and ".join(names.get(mode, mode.removeprefix(f"{_MODE}_")) for mode in modes) or "mean"


def _digest(graph: Path) -> str:
    """Return a short digest of the graph and, where they lie beside it, its weights."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for path in (graph, graph.with_name(f"{graph.name}_data")):
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()
