"""From texts to token ids, by the model's own `tokenizer.json`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tokenizers

from shared.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Tokens:
    """One text as the model reads it; `truncated` where it was longer than the model's maximum."""

    ids: tuple[int, ...]
    type_ids: tuple[int, ...]
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.ids)


class Tokenizer:
    """The model's tokenizer; safe to use from several threads."""

    def __init__(self, path: Path, max_length: int, *, reads_targets: bool = False) -> None:
        """Load `path`; texts are cut after `max_length` tokens, special ones counted.

        Where `reads_targets`, a text with a target becomes a pair, whose longer part is cut; else
        targets are ignored: a model without that training would take them for a second sentence.
        Raises SettingsError where the file cannot be read.
        """
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:
            # The library raises bare Exception.
            raise SettingsError(f"SENTIMENT_MODEL: {path} is damaged or no tokenizer; export it again") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length, strategy="longest_first")
        self._reads_targets = reads_targets

    def encode(self, texts: Sequence[str], targets: Sequence[str | None]) -> list[Tokens]:
        """Return each text's tokens; `targets` is as long as `texts`, None where a text has none. CPU work."""
        inputs = [
            (text, target) if self._reads_targets and target else text
            for text, target in zip(texts, targets, strict=True)
        ]
        return [
            Tokens(tuple(encoding.ids), tuple(encoding.type_ids), truncated=bool(encoding.overflowing))
            for encoding in self._tokenizer.encode_batch_fast(inputs)
        ]
