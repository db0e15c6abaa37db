"""From texts to token ids, by the model's own `tokenizer.json`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import tokenizers

from services.sentiment.model_card import ENTITIES
from services.sentiment.model_folder import ModelFolder
from shared.errors import SettingsError

CASES: Final = 3
TARGET_TOKENS: Final = 32
"""A target is a name: more of it would take the room of the text."""
_CAPITALISED, _CAPITALS = 1, 2
_SLICE: Final = 8
"""Texts encoded at a time: the library makes every window of a text that is cut, many times what is kept."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One text as the model reads it; `truncated` where it was longer than the model's maximum.

    `offsets` are the characters of the text that each token covers, none for special tokens; empty where
    they are not needed.
    """

    ids: tuple[int, ...]
    type_ids: tuple[int, ...]
    truncated: bool = False
    offsets: Sequence[tuple[int, int]] = field(default=(), compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.ids)


class Tokenizer:
    """The model's tokenizer; safe to use from several threads."""

    def __init__(
        self,
        path: Path,
        max_length: int,
        *,
        case_types: bool = False,
        offsets: bool = False,
        setting: str = "SENTIMENT_MODEL",
    ) -> None:
        """Load `path`; texts are cut after `max_length` tokens, special ones counted.

        With `case_types` the token types tell how each token is written; with `offsets` tokens know the
        characters that they cover. Raises SettingsError, naming `setting`, where the file cannot be read.
        """
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:
            # The library raises bare Exception.
            raise SettingsError(f"{setting}: {path} is damaged or no tokenizer; export it again") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length, strategy="longest_first")
        self._case_types = case_types
        self._offsets = offsets
        # The fast one knows no offsets.
        needed = case_types or offsets
        self._encode = self._tokenizer.encode_batch if needed else self._tokenizer.encode_batch_fast

    @classmethod
    def of(cls, model: ModelFolder) -> "Tokenizer":
        """Load a model's tokenizer, to encode as the model was trained."""
        card = model.card
        return cls(
            model.tokenizer,
            card.max_length,
            case_types=card.case_types,
            offsets=ENTITIES in card.heads,
            setting=card.setting,
        )

    def encode(self, texts: Sequence[str], targets: Sequence[str | None]) -> list[Tokens]:
        """Return each text's tokens; `targets` is as long as `texts`, None where a text has none. CPU work.

        A text with a target becomes a pair: of the target the first `TARGET_TOKENS` tokens are read, and then
        the longer part is cut.
        """
        short = self._shortened(targets)
        pairs = [(text, short.get(target, target)) for text, target in zip(texts, targets, strict=True)]
        tokens: list[Tokens] = []
        for start in range(0, len(pairs), _SLICE):
            tokens += self._encoded(pairs[start : start + _SLICE])
        return [
            replace(one, truncated=True) if target in short else one
            for one, target in zip(tokens, targets, strict=True)
        ]

    def _shortened(self, targets: Sequence[str | None]) -> dict[str | None, str]:
        """Return the targets that are too long, and what is read of them."""
        short: dict[str | None, str] = {}
        found = [target for target in dict.fromkeys(targets) if target is not None]
        for start in range(0, len(found), _SLICE):
            some = found[start : start + _SLICE]
            encodings = self._tokenizer.encode_batch(some, add_special_tokens=False)
            for target, encoding in zip(some, encodings, strict=True):
                if len(encoding.ids) > TARGET_TOKENS:
                    short[target] = target[: encoding.offsets[TARGET_TOKENS - 1][1]]
        return short

    def _encoded(self, pairs: Sequence[tuple[str, str | None]]) -> list[Tokens]:
        encodings = self._encode([text if target is None else (text, target) for text, target in pairs])
        return [
            Tokens(
                tuple(encoding.ids),
                _case_types(encoding, text, target) if self._case_types else tuple(encoding.type_ids),
                truncated=bool(encoding.overflowing),
                offsets=encoding.offsets if self._offsets else (),
            )
            for encoding, (text, target) in zip(encodings, pairs, strict=True)
        ]


def case_of(piece: str) -> int:
    """Return how a token is written: 0 without capitals, 2 in two or more capitals alone, else 1."""
    if piece == piece.lower():
        return 0
    return _CAPITALS if len(piece) > 1 and piece.isupper() else _CAPITALISED


def _case_types(encoding: Any, text: str, target: str | None) -> tuple[int, ...]:
    """Return case + 3 * segment of each token, segment 0 the text and 1 the target; 0 of special tokens."""
    parts = (text, target or "")
    if target is None and text == text.lower():
        return (0,) * len(encoding.ids)
    return tuple(
        case_of(parts[segment][start:end]) + CASES * segment if start < end else 0
        for (start, end), segment in zip(encoding.offsets, encoding.type_ids, strict=True)
    )
