"""What models are measured on: the held-out parts of the corpora, and which figure counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from training.corpora import Examples, read_examples
from training.measures import ClassReport
from training.predictions import HeldOutTexts

MEASURES: Final[Mapping[str, Callable[[ClassReport], float]]] = {
    "accuracy": lambda report: report.accuracy,
    "macro recall": lambda report: report.macro_recall,
    "macro F1": lambda report: report.macro_f1,
    "F1 of irony": lambda report: next(each.f1 for each in report.classes if each.label == "irony"),
}


@dataclass(frozen=True)
class Benchmark:
    """One corpus asked of one head; `measure` is the figure that it is known by.

    With `labels` only those are to choose from; `about_targets` asks what is said of each text's target.
    """

    corpus: str
    head: str
    measure: str
    labels: tuple[str, ...] | None = None
    about_targets: bool = False

    @property
    def stand_in(self) -> str:
        """The head that answers where a model has no head for targets; else the head itself."""
        return "sentiment" if self.about_targets else self.head

    def read(self, folder: Path) -> tuple[HeldOutTexts, Examples]:
        """Return the inputs and the right answers of the validation part.

        Raises ValueError as `read_examples` does.
        """
        examples = read_examples(self.corpus, folder, "val")
        if self.labels is not None:
            examples = _only(examples, self.labels)
        targets = examples.targets if self.about_targets else None
        return HeldOutTexts(self.corpus, self.head, examples.labels, examples.texts, targets), examples


CLASS_BENCHMARKS: Final = (
    Benchmark("tweeteval-sentiment", "sentiment", "macro recall"),
    Benchmark("sentiment140", "sentiment", "accuracy", labels=("negative", "positive")),
    Benchmark("airline", "sentiment", "accuracy"),
    Benchmark("entity-sentiment", "target_sentiment", "accuracy", about_targets=True),
    Benchmark("subj", "subjectivity", "accuracy"),
    Benchmark("tweeteval-emotion", "emotion", "macro F1"),
    Benchmark("tweeteval-offensive", "offensive", "macro F1"),
    Benchmark("tweeteval-irony", "irony", "F1 of irony"),
    Benchmark("tweeteval-hate", "hate", "macro F1"),
    Benchmark("airline-category", "category", "macro F1"),
)
SEQUENCE_BENCHMARKS: Final = ("wnut17", "btc", "tweebank")
AUTHORS: Final = "authors"
LANGUAGES: Final = "umsab"

NAMES: Final = (*(each.corpus for each in CLASS_BENCHMARKS), *SEQUENCE_BENCHMARKS, AUTHORS, LANGUAGES)


def _only(examples: Examples, labels: tuple[str, ...]) -> Examples:
    """Return the examples of some labels, their classes numbered by those."""
    numbers = {examples.labels.index(label): number for number, label in enumerate(labels)}
    taken = examples.taken([row for row, c in enumerate(examples.classes) if int(c) in numbers])
    classes = taken.classes.copy()
    for old, new in numbers.items():
        classes[taken.classes == old] = new
    return replace(taken, classes=classes, labels=labels)
