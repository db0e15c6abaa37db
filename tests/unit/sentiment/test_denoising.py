"""Labels as evidence beside what earlier models read."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sentiment.training.corpora import Examples
from services.sentiment.training.denoising import Denoiser, posterior
from services.sentiment.training.evaluation.served import ServedModel
from shared.analysis import SENTIMENT_LABELS
from tests.unit.sentiment.conftest import TinyModel

POLAR = np.array([0, 2])
SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(lambda row: np.array([row]) / sum(row))
TEXTS = Examples(["good", "bad"], np.array([1, 1]), ("negative", "positive"))


def test_a_label_that_the_reading_contradicts_loses_weight() -> None:
    """Bayes' rule by hand: 0.9 and 0.1 were read, and one label in ten is wrong."""
    read = np.array([[0.9, 0.1]])
    found = posterior(read, np.array([1]), np.array([0, 1]), 0.1)
    assert found[0] == pytest.approx([0.5, 0.5])


def test_a_class_that_the_corpus_does_not_name_keeps_its_share() -> None:
    """An emoticon says nothing of whether a text is neutral."""
    read = np.array([[0.0, 1.0, 0.0], [0.25, 0.5, 0.25]])
    found = posterior(read, np.array([2, 2]), POLAR, 0.2)
    assert found == pytest.approx(np.array([[0, 1, 0], [0.1, 0.5, 0.4]]))


@given(SHARES, st.sampled_from([0, 2]), st.floats(0.01, 0.49))
def test_what_comes_out_are_probabilities_and_the_label_never_loses(
    read: np.ndarray[tuple[int, int], np.dtype[np.float64]], label: int, noise: float
) -> None:
    """A label is evidence for its class, however weak."""
    found = posterior(read, np.array([label]), POLAR, noise)
    assert found.sum() == pytest.approx(1)
    assert found[0, label] >= read[0, label] - 1e-9


def test_several_models_are_averaged_and_asked_once(
    tiny_model: TinyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second start finds in the work folder what the models said in the first."""
    folders = [tiny_model(weights=[1.0, 0.0, 0.0]), tiny_model(weights=[0.0, 0.0, 1.0])]
    first = Denoiser(folders, tmp_path).denoise("polar", "sentiment", TEXTS, SENTIMENT_LABELS, 0.2)
    assert first.shape == (2, 3)
    monkeypatch.setattr(ServedModel, "open", lambda *_: pytest.fail("asked again"))
    again = Denoiser(folders, tmp_path).denoise("polar", "sentiment", TEXTS, SENTIMENT_LABELS, 0.2)
    assert (again == first).all()


def test_other_models_are_asked_anew(tiny_model: TinyModel, tmp_path: Path) -> None:
    """What one model said is not taken for another's word."""
    one, other = tiny_model(weights=[3.0, 0.0, 0.0]), tiny_model(weights=[0.0, 0.0, 3.0])
    first = Denoiser([one], tmp_path).denoise("polar", "sentiment", TEXTS, SENTIMENT_LABELS, 0.2)
    second = Denoiser([other], tmp_path).denoise("polar", "sentiment", TEXTS, SENTIMENT_LABELS, 0.2)
    assert first[0, 0] > second[0, 0]


def test_a_recipe_that_denoises_asks_for_earlier_models(tmp_path: Path) -> None:
    """The sentence names the option that is missing."""
    with pytest.raises(ValueError, match="--teacher"):
        Denoiser([], tmp_path).denoise("polar", "sentiment", TEXTS, SENTIMENT_LABELS, 0.2)


def test_a_model_without_the_head_is_refused(tiny_model: TinyModel, tmp_path: Path) -> None:
    """It has nothing to say of the question."""
    with pytest.raises(ValueError, match="no head 'emotion'"):
        Denoiser([tiny_model()], tmp_path).denoise("polar", "emotion", TEXTS, ("anger", "joy"), 0.2)
