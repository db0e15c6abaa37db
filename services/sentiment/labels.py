"""How a model's own label names map to ours: sentiments, and tags of entities."""

from collections.abc import Sequence
from typing import Final

from shared.analysis import ENTITY_TYPES, SENTIMENT_LABELS, EntityType, SentimentLabel
from shared.errors import SettingsError

_NUMBERED: Final = ("label_0", "label_1", "label_2")
_WORDS: Final[dict[str, SentimentLabel]] = {
    "negative": "negative",
    "neg": "negative",
    "neutral": "neutral",
    "neu": "neutral",
    "positive": "positive",
    "pos": "positive",
}
_STARS: Final[dict[str, SentimentLabel]] = {
    "1 star": "negative",
    "2 stars": "negative",
    "3 stars": "neutral",
    "4 stars": "positive",
    "5 stars": "positive",
}


OUTSIDE: Final = "O"
_TAGS: Final[dict[str, tuple[bool, EntityType]]] = {
    f"{prefix}-{kind}": (prefix == "B", kind) for kind in ENTITY_TYPES for prefix in "BI"
}


def sentiment_classes(labels: Sequence[str], head: str = "sentiment") -> tuple[SentimentLabel, ...]:
    """Return the sentiment that each class stands for, in the order of `labels`, which are those of `head`.

    Several classes may stand for one sentiment (stars); a sentiment that no class stands for has
    probability 0. Raises SettingsError where the names cannot be mapped.
    """
    names = tuple(label.strip().lower() for label in labels)
    if names == _NUMBERED:
        return SENTIMENT_LABELS
    if len(names) == len(_STARS) and set(names) == set(_STARS):
        return tuple(_STARS[name] for name in names)
    classes = tuple(_WORDS[name] for name in names if name in _WORDS)
    if len(classes) == len(names) == len(set(classes)) and {"negative", "positive"} <= set(classes):
        return classes
    raise SettingsError(
        f"SENTIMENT_MODEL: the labels of its {head} head are {', '.join(labels) or 'missing'}; needed are "
        "negative, neutral and positive (or NEG, NEU, POS; neutral may be missing), LABEL_0 to LABEL_2 in that "
        "order, or 1 star to 5 stars, as id2label in config.json"
    )


def entity_tags(labels: Sequence[str]) -> tuple[tuple[bool, EntityType] | None, ...]:
    """Return what each label of a token classifier says: whether an entity begins and its type; None is outside.

    Labels are BIO tags (Ramshaw and Marcus, 1995). Raises SettingsError for any other, and where `O`
    is missing.
    """
    unknown = [label for label in labels if label != OUTSIDE and label not in _TAGS]
    if unknown or OUTSIDE not in labels:
        raise SettingsError(
            f"SENTIMENT_MODEL: the labels of its entities head have {', '.join(unknown) or 'no O'}; needed are O, and "
            f"B- and I- before {', '.join(ENTITY_TYPES)}"
        )
    return tuple(_TAGS.get(label) for label in labels)
