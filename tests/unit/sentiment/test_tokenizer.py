"""From texts to token ids."""

from pathlib import Path

import pytest

from services.sentiment.model_folder import ModelFolder
from services.sentiment.tokenizer import Tokenizer, Tokens, case_of
from shared.errors import SettingsError
from tests.unit.sentiment.conftest import TinyModel
from tests.unit.sentiment.onnx_graph import VOCABULARY


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


def test_a_target_makes_a_pair(path: Path) -> None:
    """A text with a target is read together with it, one without alone."""
    pair, alone = Tokenizer(path, 16).encode(["good", "good"], ["bad", None])
    assert pair == Tokens((3, 2, 4, 2), (0, 0, 1, 1))
    assert alone == Tokens((3, 2), (0, 0))


@pytest.mark.parametrize(
    ("text", "target", "ids"),
    [("good good good good", "bad", (3, 3, 2, 4, 2)), ("good", "bad bad bad bad", (3, 2, 4, 4, 2))],
)
def test_a_pair_is_cut_in_its_longer_part(path: Path, text: str, target: str, ids: tuple[int, ...]) -> None:
    """A long text never pushes its target out, nor a long target its text."""
    (pair,) = Tokenizer(path, 5).encode([text], [target])
    assert (pair.ids, pair.truncated) == (ids, True)


def test_a_long_target_leaves_the_text_its_room(path: Path) -> None:
    """Of a target 32 tokens are read, which is said, and the rest of the length is the text's."""
    long, short = Tokenizer(path, 128).encode(["good " * 200] * 2, ["bad " * 60, "bad"])
    assert (long.ids.count(VOCABULARY["bad"]), long.ids.count(VOCABULARY["good"]), long.truncated) == (32, 94, True)
    assert (short.ids.count(VOCABULARY["bad"]), short.ids.count(VOCABULARY["good"])) == (1, 125)
    (fits,) = Tokenizer(path, 64).encode(["good"], ["bad " * 33])
    assert (fits.ids.count(VOCABULARY["bad"]), fits.truncated) == (32, True)


def test_a_target_that_is_cut_has_its_case_told(shipped: ModelFolder) -> None:
    """The token types are those of what is read of the target."""
    (tokens,) = Tokenizer(shipped.tokenizer, 64, case_types=True).encode(["so good"], ["BA " * 40])
    assert tokens.type_ids[-2] == 5


def test_texts_are_encoded_a_few_at_a_time(path: Path) -> None:
    """Many texts give the same as one by one."""
    texts = ["good " * number for number in range(1, 21)]
    tokenizer = Tokenizer(path, 16)
    together = tokenizer.encode(texts, [None] * 20)
    assert together == [tokenizer.encode([text], [None])[0] for text in texts]


@pytest.mark.parametrize(
    ("piece", "case"),
    [
        ("good", 0),
        ("Good", 1),
        ("GOOD", 2),
        ("I", 1),
        ("iPhone", 1),
        ("4", 0),
        ("B2B", 2),
        ("見て", 0),
        ("ß", 0),
        ("Σ", 1),
    ],
)
def test_how_a_piece_is_written(piece: str, case: int) -> None:
    """Nothing capital is 0, two or more capitals alone 2, anything else 1."""
    assert case_of(piece) == case


def test_token_types_tell_the_case_where_the_model_wants_it(shipped: ModelFolder) -> None:
    """Case + 3 * segment, by the characters that a piece covers; 0 of special tokens."""
    texts, targets = ["So GOOD, Ann", "so good", "so good"], [None, None, "BA Flight"]
    plain = Tokenizer(shipped.tokenizer, 16).encode(texts, targets)
    cased = Tokenizer(shipped.tokenizer, 16, case_types=True).encode(texts, targets)
    assert [tokens.ids for tokens in cased] == [tokens.ids for tokens in plain]
    assert cased[0].type_ids == (0, 1, 2, 0, 1, 0)
    assert cased[1].type_ids == (0,) * 4
    assert cased[2].type_ids == (0, 0, 0, 0, 5, 4, 0)


def test_tokens_know_their_characters_where_somebody_needs_them(shipped: ModelFolder) -> None:
    """Offsets count code points of the text, astral ones as one; without need there are none."""
    (tokens,) = Tokenizer(shipped.tokenizer, 16, offsets=True).encode(["😡 Zoë!"], [None])
    assert list(tokens.offsets) == [(0, 0), (0, 1), (2, 5), (5, 6), (0, 0)]
    (bare,) = Tokenizer(shipped.tokenizer, 16).encode(["😡 Zoë!"], [None])
    assert not bare.offsets


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
    with pytest.raises(SettingsError, match=r"^EMBEDDING_MODEL: .*tokenizer\.json is damaged or no tokenizer"):
        Tokenizer(tmp_path / "tokenizer.json", 16, setting="EMBEDDING_MODEL")
