"""What a model, a lexicon or another contestant is asked in an evaluation, and what it predicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.measures import Probabilities


@dataclass(frozen=True)
class HeldOutTexts:
    """Which of `labels` each text has, by `head`; `targets` is what each text is about, where that is asked.

    `corpus` names where the texts are from, for a contestant that learns from its train part.
    """

    corpus: str
    head: str
    labels: tuple[str, ...]
    texts: Sequence[str]
    targets: Sequence[str] | None = None


@dataclass(frozen=True)
class Predictions:
    """Indices into the labels of the inputs, shape (texts,).

    `probabilities` (texts, labels) are None where there are none. `note` says what the figures must be
    read with.
    """

    classes: NDArray[np.int64]
    probabilities: Probabilities | None = None
    note: str = ""


class Contestant(Protocol):
    """A model, a lexicon or another classifier that takes part."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    def predict(self, inputs: HeldOutTexts) -> Predictions | None:
        """Return what it says of the texts, None where that is not its task."""
