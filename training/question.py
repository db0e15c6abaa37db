"""What is asked of a model, of a lexicon or of any other contestant, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.measures import Probabilities


@dataclass(frozen=True)
class Question:
    """Which of `labels` each text has, by `head`; `targets` is what each text is about, where that is asked.

    `corpus` names where the texts are from: whoever learns from its train part is asked about the rest.
    """

    corpus: str
    head: str
    labels: tuple[str, ...]
    texts: Sequence[str]
    targets: Sequence[str] | None = None


@dataclass(frozen=True)
class Answer:
    """Indices into the question's labels, shape (texts,).

    `probabilities` (texts, labels) are None for who gives none. `note` says what the figures must be
    read with.
    """

    classes: NDArray[np.int64]
    probabilities: Probabilities | None = None
    note: str = ""


class Contestant(Protocol):
    """Whoever answers questions."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    def answer(self, question: Question) -> Answer | None:
        """Return the answer, None for a question that is not its own."""
