"""EMBEDDING_MODEL: reading a sentence encoder's folder, running it, and refusing what cannot be served."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.sentiment.engine import Engine
from services.sentiment.model_folder import open_encoder
from services.sentiment.tokenizer import Tokenizer
from shared.errors import SettingsError
from tests.unit.sentiment.multi_head import DIMENSIONS, VECTORS, write_encoder

TEXTS = ["good good bad", "late"]
MEANS = [[0.894427, 0.447214, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
MEAN = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
CLS = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}


def started(folder: Path) -> Engine:
    """Return the encoder's engine, warmed up."""
    engine = Engine(open_encoder(str(folder)), "cpu", 1)
    engine.warm_up()
    return engine


def embedded(folder: Path, texts: list[str] = TEXTS) -> Any:
    """Return the texts' embeddings, in one batch."""
    tokens = Tokenizer.of(open_encoder(str(folder))).encode(texts, [None] * len(texts))
    return started(folder).run(tokens)["embedding"]


@pytest.mark.parametrize("output", ["last_hidden_state", "token_embeddings", "sentence_embedding", "embedding"])
def test_known_outputs_give_vectors_of_length_one(tmp_path: Path, output: str) -> None:
    """Token vectors are averaged without padding, a text's own vector is taken; each is scaled to length 1."""
    folder = write_encoder(tmp_path, output)
    np.testing.assert_allclose(embedded(folder), MEANS, atol=1e-6)
    assert started(folder).dimensions == DIMENSIONS


@pytest.mark.parametrize(
    ("pooling", "first"),
    [(None, MEANS[1]), (MEAN, MEANS[1]), (CLS, [0, 0, 0, 0]), ({"pooling_mode": "cls"}, [0, 0, 0, 0])],
)
def test_pooling_is_what_sentence_transformers_says(tmp_path: Path, pooling: Any, first: list[float]) -> None:
    """1_Pooling/config.json chooses mean or cls, by flags or by name; without it the mean is taken."""
    np.testing.assert_allclose(embedded(write_encoder(tmp_path, pooling=pooling), ["late"]), [first], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "config", "prefix"),
    [
        ("e5-small-v2", {}, "query: "),
        ("multilingual-E5-base", {}, "query: "),
        ("bge5-small", {}, ""),
        ("all-MiniLM-L6-v2", {}, ""),
        ("all-MiniLM-L6-v2", {"voxpop": {"embedding": {"prefix": "passage: "}}}, "passage: "),
        ("e5-small", {"voxpop": {"embedding": {"prefix": ""}}}, ""),
    ],
)
def test_e5_gets_its_prefix(tmp_path: Path, name: str, config: Any, prefix: str) -> None:
    """A model that E5's name stands in wants `query: ` before a text, unless its configuration says otherwise."""
    card = open_encoder(str(write_encoder(tmp_path / name, config=config))).card
    assert card.embedding is not None
    assert card.embedding.prefix == prefix


def test_the_version_changes_with_the_graph(tmp_path: Path) -> None:
    """Without a version of its own an encoder's is its name and a digest of the graph; with one it is that."""
    versions = []
    for part, vectors in (("a", VECTORS), ("b", VECTORS), ("c", VECTORS * 2)):
        card = open_encoder(str(write_encoder(tmp_path / part / "mini", vectors=vectors))).card
        assert card.embedding is not None
        versions.append(card.embedding.version)
    assert versions[0] == versions[1] != versions[2]
    assert all(version.startswith("mini@") for version in versions)
    own = {"voxpop": {"name": "ours", "embedding": {"version": "ours-3"}}}
    card = open_encoder(str(write_encoder(tmp_path / "own", config=own))).card
    assert card.embedding is not None
    assert (card.name, card.embedding.version) == ("ours", "ours-3")


def test_an_encoder_reads_as_far_as_its_positions(tmp_path: Path) -> None:
    """The maximum length follows the position table, or the voxpop key."""
    small = write_encoder(tmp_path / "small", config={"max_position_embeddings": 128})
    told = write_encoder(tmp_path / "told", config={"voxpop": {"max_length": 64}})
    assert [open_encoder(str(folder)).card.max_length for folder in (small, told)] == [128, 64]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"output": "logits"}, "no output sentence_embedding, embedding, last_hidden_state, token_embeddings, it has"),
        ({"config": {"voxpop": {"embedding": {"output": "vectors"}}}}, "no output vectors, it has last_hidden_state"),
        ({"config": []}, "config.json in .*the file"),
        ({"config": {"voxpop": {"embedding": {"version": ""}}}}, "voxpop.embedding.version"),
        ({"pooling": {"pooling_mode_lasttoken": True}}, "asks for lasttoken; known are mean and cls"),
        ({"pooling": {**MEAN, "pooling_mode_max_tokens": True}}, "asks for mean and max_tokens"),
        ({"pooling": []}, "is no mapping"),
    ],
)
def test_an_encoder_that_cannot_be_served_is_refused(tmp_path: Path, made: dict[str, Any], message: str) -> None:
    """Whatever is wrong is one sentence that names EMBEDDING_MODEL."""
    folder = write_encoder(tmp_path, **made)
    with pytest.raises(SettingsError, match=f"^EMBEDDING_MODEL: .*{message}"):
        started(folder)


def test_pooling_that_the_graph_does_itself_need_not_be_known(tmp_path: Path) -> None:
    """Where the graph gives a text's vector, how it does that is its own affair."""
    folder = write_encoder(tmp_path, "sentence_embedding", pooling={"pooling_mode_lasttoken": True})
    np.testing.assert_allclose(embedded(folder), MEANS, atol=1e-6)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """A folder that lacks a file is refused with the file's name."""
    folder = write_encoder(tmp_path)
    (folder / name).unlink()
    with pytest.raises(SettingsError, match=f"^EMBEDDING_MODEL: {name} missing"):
        open_encoder(str(folder))


def test_a_truncated_graph_is_refused(tmp_path: Path) -> None:
    """A graph that was cut off is named as damaged."""
    graph = write_encoder(tmp_path) / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:200])
    with pytest.raises(SettingsError, match=r"^EMBEDDING_MODEL: .*model\.onnx is damaged"):
        started(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a folder nor a repository: the sentence names the setting and what would do."""
    with pytest.raises(SettingsError, match=r"^EMBEDDING_MODEL: there is no folder .*tokenizer\.json"):
        open_encoder(str(tmp_path / "nothing"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(SettingsError, match=r"^EMBEDDING_MODEL: someone/nothing is no folder here"):
        open_encoder("someone/nothing")


def test_a_damaged_pooling_configuration_is_refused(tmp_path: Path) -> None:
    """A file that is no JSON is named."""
    folder = write_encoder(tmp_path, pooling=MEAN)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(MEAN)[:10])
    with pytest.raises(SettingsError, match=r"^EMBEDDING_MODEL: config\.json in .*1_Pooling is no JSON"):
        open_encoder(str(folder))
