"""The LSTM's graph and folder, served without torch."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.sentiment.engine import Engine
from services.sentiment.model_folder import open_model
from services.sentiment.tokenizer import Tokenizer, Tokens
from training.baselines.lstm_folder import LstmWeights, learn_words, write_lstm_folder
from training.target_folder import folder_beside

WORDS, WIDTH, HIDDEN, CLASSES = 12, 5, 7, 3
LABELS = ("negative", "neutral", "positive")
HEADS = ("sentiment", "target_sentiment")


def some_weights(seed: int = 0) -> LstmWeights:
    """Return random weights."""
    random = np.random.default_rng(seed)

    def matrix(*shape: int) -> NDArray[np.float32]:
        return random.normal(0, 0.7, shape).astype(np.float32)

    return LstmWeights(
        embedding=matrix(WORDS, WIDTH),
        of_input=matrix(4 * HIDDEN, WIDTH),
        of_state=matrix(4 * HIDDEN, HIDDEN),
        bias=matrix(4 * HIDDEN),
        classifier=matrix(CLASSES, HIDDEN),
        classifier_bias=matrix(CLASSES),
    )


def read_by_hand(weights: LstmWeights, ids: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the logits by the equations of Hochreiter & Schmidhuber's LSTM, with torch's order of gates."""

    def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 / (1 + np.exp(-x))

    state = cell = np.zeros(HIDDEN)
    for word in ids:
        gates = weights.of_input @ weights.embedding[word].astype(np.float64) + weights.of_state @ state + weights.bias
        entry, forget, new, output = np.split(gates, 4)
        cell = sigmoid(forget) * cell + sigmoid(entry) * np.tanh(new)
        state = sigmoid(output) * np.tanh(cell)
    logits: NDArray[np.float64] = weights.classifier @ state + weights.classifier_bias
    return logits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the folder of an LSTM with random weights."""
    target = tmp_path_factory.mktemp("lstm") / "model"
    with folder_beside(target) as beside:
        learn_words(["good bad good bad fine fine so so is is it it", "! !"], WORDS).save(
            str(beside / "tokenizer.json")
        )
        write_lstm_folder(beside, "lstm-test", some_weights(), HEADS, LABELS, 16)
    return target


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    """Start it as the service does."""
    engine = Engine(open_model(str(folder)), "cpu", 1)
    engine.warm_up()
    return engine


rows = st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=9).map(tuple)


@settings(max_examples=40)
@given(st.lists(rows, min_size=1, max_size=5))
def test_each_text_gets_the_answer_of_the_equations_whatever_its_company(
    engine: Engine, texts: list[tuple[int, ...]]
) -> None:
    """In a batch that is padded to its longest, every text's logits are those it has by hand, under every head."""
    answers = engine.run([Tokens(ids, (0,) * len(ids)) for ids in texts])
    expected = [read_by_hand(some_weights(), ids) for ids in texts]
    for head in HEADS:
        np.testing.assert_allclose(answers[head], expected, rtol=1e-4, atol=1e-5)


def test_the_folder_is_one_that_the_service_takes(folder: Path) -> None:
    """Its card names the heads, the labels in order and the longest text."""
    card = open_model(str(folder)).card
    assert card.label == "lstm-test@1"
    assert set(card.heads) == set(HEADS)
    assert card.heads["sentiment"].labels == LABELS
    assert (card.max_length, card.pad_id, card.languages) == (16, 0, ("en",))


def test_a_target_goes_before_its_text_and_no_text_is_empty(folder: Path) -> None:
    """The text is read knowing what it is about; the separator stands even where no word does."""
    tokenizer = Tokenizer(folder / "tokenizer.json", 16)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    good, bad, separator = (vocabulary[word] for word in ("good", "bad", "[SEP]"))
    alone, pair, empty = tokenizer.encode(["GOOD", "good", ""], [None, "Bad", None])
    assert alone.ids == (good, separator)
    assert pair.ids == (bad, separator, good, separator)
    assert empty.ids == (separator,)


def test_the_most_frequent_words_are_known_and_signs_are_words() -> None:
    """Of a vocabulary too small the rarest go, words seen once always; padding is 0."""
    tokenizer = learn_words(["a a a b b c c c c once :) :)"], 6)
    known = tokenizer.get_vocab()
    assert known.keys() == {"[PAD]", "[UNK]", "[SEP]", "c", "a", ":)"}
    assert known["[PAD]"] == 0
    assert learn_words(["a a a b b c c c c once :) :)"], 6).get_vocab() == known


def test_texts_without_a_repeated_word_teach_no_vocabulary() -> None:
    """One sentence rather than a model that knows nothing."""
    with pytest.raises(ValueError, match="no word stands twice"):
        learn_words(["every word once"], 100)


def test_a_training_that_fails_leaves_the_folder_before(folder: Path) -> None:
    """What was there is there, and nothing beside it."""
    before = (folder / "model.onnx").read_bytes()

    def fail() -> None:
        with folder_beside(folder) as beside:
            (beside / "model.onnx").write_bytes(b"half")
            raise ValueError("no data")

    with pytest.raises(ValueError, match="no data"):
        fail()
    assert (folder / "model.onnx").read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_folder_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    """Pointing --output at one's documents loses none of them."""
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(ValueError, match="no model folder; give another"), folder_beside(tmp_path):
        pass
    assert (tmp_path / "letters.txt").read_text() == "dear"
