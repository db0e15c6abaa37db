"""The labelled examples of a set: checked, cleaned, packed for a store."""

import json
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NewType

from services.sentiment.categories.category_set import MAX_LABELS
from services.sentiment.normalisation import normalise
from shared.errors import InputError
from shared.text import clean

MIN_OF_LABEL: Final = 8
MIN_LABELS: Final = 2
MAX_EXAMPLES: Final = 20_000

PackedExamples = NewType("PackedExamples", bytes)
"""Examples as a store keeps them: compressed, for together they may be larger than a document may be."""


@dataclass(frozen=True)
class Example:
    """A cleaned text and the label that it was given."""

    text: str
    label: str


def checked(examples: Sequence[Example], check: Callable[[], None] = lambda: None) -> list[Example]:
    """Return the examples cleaned (`shared.text.clean`), in order, a text that is given again left out.

    Texts are the same where the model reads the same. Raises InputError that names the place where a text
    holds nothing but links, a text has two labels, or the labels or their examples are too few or many. `check` is
    called between examples, and may raise to end the work.
    """
    kept: dict[str, tuple[int, Example]] = {}
    for place, example in enumerate(examples):
        check()
        text = clean(example.text)
        read = normalise(text)
        if not read:
            raise InputError("holds nothing but links; give a text with words", ("body", "examples", place, "text"))
        first, known = kept.setdefault(read, (place, Example(text, example.label)))
        if known.label != example.label:
            raise InputError(
                f"examples {first} and {place} are the same text with two labels; keep one of them",
                ("body", "examples", place, "label"),
            )
    found = [example for _, example in kept.values()]
    _check_counts(Counter(example.label for example in found))
    return found


def pack(examples: Sequence[Example]) -> PackedExamples:
    """Return the examples in a form that `unpack` reads back."""
    pairs = [[example.text, example.label] for example in examples]
    return PackedExamples(zlib.compress(json.dumps(pairs, ensure_ascii=False).encode()))


def unpack(packed: PackedExamples) -> list[Example]:
    """Return what was packed."""
    return [Example(text, label) for text, label in json.loads(zlib.decompress(packed))]


def _check_counts(counts: Counter[str]) -> None:
    here = ("body", "examples")
    if len(counts) < MIN_LABELS:
        raise InputError("examples have one label; a set needs at least two to tell apart", here)
    if len(counts) > MAX_LABELS:
        raise InputError(f"examples have {len(counts)} labels; a set may have {MAX_LABELS}", here)
    label, count = min(counts.items(), key=lambda item: (item[1], item[0]))
    if count < MIN_OF_LABEL:
        raise InputError(
            f"label '{label}' has {count} different examples; give at least {MIN_OF_LABEL} of every label", here
        )
