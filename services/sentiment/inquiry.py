"""What is asked of the sentiment service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

Feature = Literal[
    "sentiment",
    "subjectivity",
    "language",
    "entities",
    "category",
    "emotion",
    "offensive",
    "irony",
    "hate",
    "embedding",
]
FEATURES: Final[tuple[Feature, ...]] = get_args(Feature)
DEFAULT_FEATURES: Final[tuple[Feature, ...]] = ("sentiment", "subjectivity", "language")


class CategorySet(Protocol):
    """Categories that somebody defined: a classifier over embeddings of one version."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The categories, in the order of `classify`."""

    @property
    def embedding_version(self) -> str:
        """Of the embeddings that it was trained on."""

    @property
    def dimensions(self) -> int:
        """The length of those embeddings."""

    def classify(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return probabilities, (texts, labels), of embeddings, (texts, dimensions). CPU work."""


@dataclass(frozen=True)
class Inquiry:
    """What is asked: texts, for each a target and a language hint or None, and the features wanted.

    With a `category_set` the categories are those of the set, and wanted.
    """

    texts: Sequence[str]
    targets: Sequence[str | None]
    hints: Sequence[str | None]
    features: Sequence[Feature] = DEFAULT_FEATURES
    category_set: CategorySet | None = None

    @classmethod
    def of(cls, text: str, target: str | None, features: Sequence[Feature]) -> "Inquiry":
        """Ask about one text."""
        return cls([text], [target], [None], features)

    @property
    def wanted(self) -> list[Feature]:
        """The features, each once, the category among them where there is a set."""
        added: list[Feature] = ["category"] if self.category_set is not None else []
        return list(dict.fromkeys([*self.features, *added]))
