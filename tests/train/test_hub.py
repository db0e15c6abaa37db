"""`voxpop model export`: a model of transformers becomes a folder that the service accepts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    BertTokenizerFast,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from services.sentiment.engine import Engine
from services.sentiment.model_folder import open_encoder, open_model
from services.sentiment.tokenizer import Tokenizer
from tests.train.conftest import word_tokenizer
from training.hub import export_hub_model, parse_labels

SIZES: dict[str, Any] = {"vocab_size": 1100, "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2}
LABELS = {0: "negative", 1: "neutral", 2: "positive"}
TEXTS = ["the seat was good .", "late"]


def _save(model: Any, folder: Path) -> Any:
    torch.manual_seed(2)
    model.eval().save_pretrained(folder)
    BertTokenizerFast(tokenizer_object=word_tokenizer()).save_pretrained(folder)
    return model


def _bert(folder: Path, labels: dict[int, str] | None = None) -> Any:
    config = BertConfig(**SIZES, intermediate_size=32, max_position_embeddings=64, id2label=labels or LABELS)
    return _save(BertForSequenceClassification(config), folder)


def _same(model: Any, folder: Path) -> None:
    served = open_model(str(folder))
    tokens = Tokenizer.of(served).encode(TEXTS, [None] * len(TEXTS))
    answers = Engine(served, "cpu", 1).run(tokens)["sentiment"]
    for row, answer in zip(tokens, answers, strict=True):
        with torch.inference_mode():
            wanted = model(input_ids=torch.tensor([row.ids])).logits[0].numpy()
        np.testing.assert_allclose(answer, wanted, atol=1e-4)


def test_a_bert_classifier_answers_as_before(tmp_path: Path) -> None:
    """The exported folder is served, and says what the model says in transformers."""
    model = _bert(tmp_path / "source")
    export_hub_model(str(tmp_path / "source"), tmp_path / "out")
    _same(model, tmp_path / "out")


def test_a_distilbert_without_token_types_answers_as_before(tmp_path: Path) -> None:
    """A model whose tokenizer names token types that it does not take is exported without them."""
    config = DistilBertConfig(vocab_size=1100, dim=16, n_heads=2, n_layers=2, hidden_dim=32, id2label=LABELS)
    model = _save(DistilBertForSequenceClassification(config), tmp_path / "source")
    export_hub_model(str(tmp_path / "source"), tmp_path / "out")
    _same(model, tmp_path / "out")


def test_a_roberta_classifier_is_cut_where_its_positions_end(tmp_path: Path) -> None:
    """RoBERTa counts positions from its padding on: two fewer are left for a text."""
    config = RobertaConfig(**SIZES, intermediate_size=32, max_position_embeddings=66, id2label=LABELS, pad_token_id=0)
    _save(RobertaForSequenceClassification(config), tmp_path / "source")
    export_hub_model(str(tmp_path / "source"), tmp_path / "out", precision="int8")
    served = open_model(str(tmp_path / "out"))
    assert served.card.max_length == 64
    Engine(served, "cpu", 1).warm_up()


def test_labels_that_do_not_tell_are_asked_for(tmp_path: Path) -> None:
    """Labels that say nothing of sentiment need a word of what they mean, and then serve."""
    _bert(tmp_path / "source", {0: "A", 1: "B"})
    with pytest.raises(ValueError, match=r"the labels of .* are A, B; say what they mean with --labels A=negative"):
        export_hub_model(str(tmp_path / "source"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    export_hub_model(str(tmp_path / "source"), tmp_path / "out", labels=parse_labels("A=positive, B=negative"))
    assert open_model(str(tmp_path / "out")).card.heads["sentiment"].labels == ("positive", "negative")


def test_an_encoder_becomes_an_embedding_model(tmp_path: Path) -> None:
    """EMBEDDING_MODEL takes the folder of an exported sentence encoder."""
    config = BertConfig(**SIZES, intermediate_size=32, max_position_embeddings=64)
    _save(BertModel(config), tmp_path / "source")
    export_hub_model(str(tmp_path / "source"), tmp_path / "out", purpose="embedding")
    served = open_encoder(str(tmp_path / "out"))
    tokens = Tokenizer.of(served).encode(TEXTS, [None] * len(TEXTS))
    vectors = Engine(served, "cpu", 1).run(tokens)["embedding"]
    assert vectors.shape == (2, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_model_without_a_classifier_is_refused(tmp_path: Path) -> None:
    """An encoder alone has no head for sentiment, and random ones are not made up."""
    config = BertConfig(**SIZES, intermediate_size=32, max_position_embeddings=64)
    _save(BertModel(config), tmp_path / "source")
    with pytest.raises(ValueError, match="is no sequence classifier but BertModel"):
        export_hub_model(str(tmp_path / "source"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """Neither folder nor hub: the error says what to check."""
    with pytest.raises(ValueError, match="could not be had from the hub"):
        export_hub_model(str(tmp_path / "nowhere"), tmp_path / "out")


@pytest.mark.parametrize("argument", ["A", "=negative", "A="])
def test_a_label_without_a_meaning_is_refused(argument: str) -> None:
    """Half a pair is an error, not an empty label."""
    with pytest.raises(ValueError, match="--labels wants LABEL=meaning"):
        parse_labels(argument)
