"""From texts to rows of token ids, by the very tokenizer that the service reads with."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from services.sentiment.normalisation import normalise
from services.sentiment.tokenizer import Tokenizer, Tokens
from training.sequences import ENTITY_LABELS, UNKNOWN, Sequences

IGNORED = -100
"""The tag number of a piece that teaches nothing: special tokens, pieces after a word's first, unknown types."""


def load_tokenizer(encoder: Path, length: int) -> Tokenizer:
    """Return the encoder's tokenizer, cutting at `length` tokens, with the case told by token types."""
    return Tokenizer(encoder / "tokenizer.json", length, case_types=True, offsets=True)


def encode(tokenizer: Tokenizer, texts: Sequence[str], targets: Sequence[str] | None = None) -> list[Tokens]:
    """Return the row of each text; with `targets` the pair of text and target."""
    abouts = [None] * len(texts) if targets is None else [normalise(target) for target in targets]
    return tokenizer.encode([normalise(text) for text in texts], abouts)


def encode_sequences(tokenizer: Tokenizer, sequences: Sequences) -> tuple[list[Tokens], list[list[int]]]:
    """Return the row of each post and, for each of its pieces, the tag's number or IGNORED.

    The words are joined by blanks and cleaned one by one: what the service makes of the whole text
    differs only where a pattern spans words.
    """
    numbers = {label: number for number, label in enumerate(ENTITY_LABELS)} | {UNKNOWN: IGNORED}
    cleaned = [[normalise(word) for word in words] for words in sequences.words]
    rows = tokenizer.encode([" ".join(words) for words in cleaned], [None] * len(cleaned))
    tags = []
    for words, found, row in zip(cleaned, sequences.tags, rows, strict=True):
        tag_at: dict[int, str] = {}
        start = 0
        for word, tag in zip(words, found, strict=True):
            tag_at.setdefault(start, tag)
            start += len(word) + 1
        tags.append([numbers[tag_at[at]] if end > at and at in tag_at else IGNORED for at, end in row.offsets])
    return rows, tags


def pad(rows: Sequence[Tokens]) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids, attention mask and token types padded with zeros to the longest, each (rows, longest) int64."""
    longest = max(len(row) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.int64)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row.ids)
        types[i, : len(row)] = torch.tensor(row.type_ids)
        mask[i, : len(row)] = 1
    return ids, mask, types
