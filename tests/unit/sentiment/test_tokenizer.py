"""From texts to token ids."""

from pathlib import Path

import pytest

from services.sentiment.model_folder import ModelFolder
from services.sentiment.tokenizer import Tokenizer, Tokens
from shared.errors import SettingsError
from tests.unit.sentiment.conftest import TinyModel


@pytest.fixture
def path(tiny_model: TinyModel) -> Path:
    """Return the tiny model's tokenizer."""
    return tiny_model() / "tokenizer.json"


def test_texts_become_ids_without_padding(path: Path) -> None:
    """Each text has its own length, even where the file asks for padding."""
    encoded = Tokenizer(path, 16).encode(["good", "good bad flight"], [None, None])
    assert encoded == [Tokens((3, 2), (0, 0)), Tokens((3, 4, 1, 2), (0, 0, 0, 0))]


def test_long_texts_are_cut_and_say_so(path: Path) -> None:
    """A text that is longer than the model reads is cut to the maximum, special tokens counted, and marked."""
    fits, cut = Tokenizer(path, 4).encode(["good bad good", "good bad good bad"], [None, None])
    assert (len(fits), fits.truncated) == (4, False)
    assert (len(cut), cut.truncated) == (4, True)


def test_a_target_makes_a_pair_only_for_a_model_that_reads_targets(path: Path) -> None:
    """A model trained with targets gets text and target as a pair; any other gets the text as it is."""
    assert Tokenizer(path, 16).encode(["good"], ["bad"]) == [Tokens((3, 2), (0, 0))]
    pair, alone = Tokenizer(path, 16, reads_targets=True).encode(["good", "good"], ["bad", None])
    assert pair == Tokens((3, 2, 4, 2), (0, 0, 1, 1))
    assert alone == Tokens((3, 2), (0, 0))


@pytest.mark.parametrize(
    ("text", "target", "ids"),
    [("good good good good", "bad", (3, 3, 2, 4, 2)), ("good", "bad bad bad bad", (3, 2, 4, 4, 2))],
)
def test_a_pair_is_cut_in_its_longer_part(path: Path, text: str, target: str, ids: tuple[int, ...]) -> None:
    """A long text never pushes its target out, nor a long target its text."""
    (pair,) = Tokenizer(path, 5, reads_targets=True).encode([text], [target])
    assert (pair.ids, pair.truncated) == (ids, True)


def test_no_texts_give_no_tokens(path: Path) -> None:
    """Where every text came from the cache there is nothing to encode."""
    assert Tokenizer(path, 16).encode([], []) == []


def test_an_empty_text_has_its_special_tokens_alone(shipped: ModelFolder) -> None:
    """What is left of a text that was only a link still is a sequence that the shipped model reads."""
    (tokens,) = Tokenizer(shipped.tokenizer, 256).encode([""], [None])
    assert len(tokens) == 2


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """A file that is no tokenizer is named."""
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(SettingsError, match=r"tokenizer\.json is damaged or no tokenizer"):
        Tokenizer(tmp_path / "tokenizer.json", 16)
