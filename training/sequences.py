"""The corpora of tagged words, their tag sets mapped to ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.corpora import Part, read_columns

ENTITY_TYPES: Final = ("person", "location", "organisation", "product", "work")
ENTITY_LABELS: Final = ("O", *(f"{prefix}-{name}" for name in ENTITY_TYPES for prefix in ("B", "I")))
UNKNOWN: Final = "?"
"""The tag of a word whose type the corpus names in words that are none of ours: nothing is learnt from it."""

_TYPES: Final[Mapping[str, str]] = {
    "person": "person",
    "location": "location",
    "corporation": "organisation",
    "group": "organisation",
    "product": "product",
    "creative-work": "work",
    "PER": "person",
    "LOC": "location",
    "ORG": "organisation",
    "MISC": UNKNOWN,
}
_THREE: Final = frozenset({"person", "location", "organisation"})
_CORPORA: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "wnut17": ("wnut17", frozenset(ENTITY_TYPES)),
    "btc": ("btc", _THREE),
    "tweebank": ("tweebank_ner", _THREE),
}


@dataclass(frozen=True)
class Sequences:
    """Posts as words, a tag each: one of ENTITY_LABELS or UNKNOWN. `types` are those that the corpus labels."""

    words: list[list[str]]
    tags: list[list[str]]
    types: frozenset[str]


def read_sequences(corpus: str, folder: Path, part: Part) -> Sequences:
    """Return the published train or development part of a corpus: wnut17, btc or tweebank.

    Raises ValueError with the file, the column and the remedy where something is missing, or a tag is
    none that is known.
    """
    if corpus not in _CORPORA:
        raise ValueError(f"there is no corpus of entities '{corpus}'; there are {', '.join(sorted(_CORPORA))}")
    stem, types = _CORPORA[corpus]
    path = folder / "ner" / f"{stem}_{'dev' if part == 'val' else part}.parquet"
    columns = read_columns(path, ["tokens", "tags"])
    tags = []
    for row, (words, found) in enumerate(zip(columns["tokens"], columns["tags"], strict=True)):
        if len(words) != len(found):
            raise ValueError(f"{path.name}: row {row + 1} has {len(words)} tokens but {len(found)} tags")
        tags.append([_ours(tag, path, row) for tag in found])
    return Sequences([list(words) for words in columns["tokens"]], tags, types)


def _ours(tag: str, path: Path, row: int) -> str:
    if tag == "O":
        return tag
    prefix, _, name = tag.partition("-")
    if prefix not in ("B", "I") or name not in _TYPES:
        raise ValueError(
            f"{path.name}: row {row + 1} has the tag {tag!r}; known are O, and B- or I- {', '.join(_TYPES)}"
        )
    return UNKNOWN if _TYPES[name] == UNKNOWN else f"{prefix}-{_TYPES[name]}"
