"""What is asked of the sentiment service."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, get_args

from services.sentiment.categories.category_set import CategorySet

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


@dataclass(frozen=True, eq=False)
class AnalysisRequest:
    """Texts, for each a target and a language hint or None, and the features wanted.

    With a `category_set` the categories are those of the set, and wanted. Without `detect` no language is looked for,
    neither for the answer nor for whether the model knows it.
    """

    texts: Sequence[str]
    targets: Sequence[str | None]
    hints: Sequence[str | None]
    features: Sequence[Feature] = DEFAULT_FEATURES
    category_set: CategorySet | None = None
    detect: bool = True

    @classmethod
    def of_sentiment(cls, text: str, target: str | None) -> "AnalysisRequest":
        """Ask for the sentiment of one text, and nothing else."""
        return cls([text], [target], [None], ["sentiment"], detect=False)

    @classmethod
    def of_embeddings(cls, texts: Sequence[str]) -> "AnalysisRequest":
        """Ask for the embeddings of texts, and nothing else."""
        return cls(texts, [None] * len(texts), [None] * len(texts), ["embedding"])

    def part(self, places: Sequence[int]) -> "AnalysisRequest":
        """Return the request of some of its texts."""
        if list(places) == list(range(len(self.texts))):
            return self
        return replace(
            self,
            texts=[self.texts[place] for place in places],
            targets=[self.targets[place] for place in places],
            hints=[self.hints[place] for place in places],
        )

    @cached_property
    def wanted(self) -> list[Feature]:
        """The features, each once, the category among them where there is a set."""
        added: list[Feature] = ["category"] if self.category_set is not None else []
        return list(dict.fromkeys([*self.features, *added]))
