"""An encoder of its own beside a model with many heads: its embeddings."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.sentiment.many_heads import corners, opened, request
from tests.unit.sentiment.multi_head import write_encoder, write_many


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the model's folder."""
    return write_many(tmp_path)


async def test_an_encoder_of_its_own_gives_the_embeddings(folder: Path, tmp_path: Path) -> None:
    """With EMBEDDING_MODEL the embeddings and their version are the encoder's, everything else the model's."""
    encoder = write_encoder(tmp_path / "swapped", vectors=np.roll(np.eye(14, 6, -4, np.float32), 1, axis=1))
    async with opened(folder, embedding_model=str(encoder)) as (resources, seen):
        version = resources.analyzer.embedding_version
        assert version is not None
        assert version.startswith("swapped@")
        (only,) = await resources.analyzer.analyze(request("good", features="embedding"))
        assert not seen
        (both,) = await resources.analyzer.analyze(request("good", features="sentiment embedding"))
        vectors = await resources.analyzer.embed(["good"])
        categories = corners(embedding_version=version, coefficients=np.eye(2, 6, dtype=np.float32))
        (sorted_,) = await resources.analyzer.analyze(request("good", category_set=categories))
    assert only.embedding == both.embedding == [0, 1, 0, 0, 0, 0]
    np.testing.assert_array_equal(vectors, [only.embedding])
    assert both.sentiment is not None
    assert both.sentiment.label == "positive"
    assert sorted_.category is not None
    assert sorted_.category.label == "second"


async def test_the_encoder_gets_its_prefix(folder: Path, tmp_path: Path) -> None:
    """The words that an encoder was trained with before each text are read with it."""
    config = {"voxpop": {"embedding": {"prefix": "late "}}}
    encoder = write_encoder(tmp_path / "prefixed", "sentence_embedding", config)
    async with opened(folder, embedding_model=str(encoder)) as (resources, _):
        vectors = await resources.analyzer.embed(["good"])
    np.testing.assert_allclose(vectors, [[0.6, 0.0, 0.8, 0.0]], atol=1e-6)
