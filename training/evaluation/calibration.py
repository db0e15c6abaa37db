"""Temperature scaling: one number for each head that makes its confidence honest (Guo et al., ICML 2017)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from services.sentiment.scoring import softmax
from training.corpora import Examples, read_examples
from training.evaluation.served import ServedModel
from training.measures import calibration
from training.target_folder import write_config

CORPUS_OF: Final[Mapping[str, str]] = {
    "sentiment": "tweeteval-sentiment",
    "target_sentiment": "entity-sentiment",
    "subjectivity": "subj",
    "emotion": "tweeteval-emotion",
    "offensive": "tweeteval-offensive",
    "irony": "tweeteval-irony",
    "hate": "tweeteval-hate",
    "category": "airline-category",
}
"""The corpus on whose validation part each head's temperature is fitted."""

LOWEST: Final = 0.05
HIGHEST: Final = 20.0

_DIGITS: Final = 4
_TOLERANCE: Final = 1e-4


@dataclass(frozen=True)
class Calibrated:
    """A head's temperature, and its calibration error in [0, 1] before and after.

    `after` is cross-fitted: each half of the texts is scaled by the temperature that fits the other half.
    """

    temperature: float
    before: float
    after: float
    texts: int


def calibrate(folder: Path, data: Path, corpora: Mapping[str, str] = CORPUS_OF) -> dict[str, Calibrated]:
    """Fit a temperature for each class head of `folder`, write them into its `config.json`, return them by head.

    `corpora` says on whose validation part a head is calibrated; heads that it lacks are left as they are.

    Entities are left as they are: their probabilities are never answered. Raises ValueError or SettingsError
    for a folder without heads of its own in `config.json`, or corpora that cannot be read; nothing is
    written then.
    """
    path = folder / "config.json"
    model = ServedModel.open(str(folder))
    config = json.loads(path.read_text("utf-8"))
    if not config.get("voxpop"):
        raise ValueError(f"{path} has no 'voxpop' with heads: only a folder that voxpop wrote can be calibrated")
    found: dict[str, Calibrated] = {}
    for head, corpus in corpora.items():
        if head in model.card.heads:
            examples = read_examples(corpus, data, "val")
            targets = examples.targets if head == "target_sentiment" else None
            logits = model.logits(head, examples.texts, targets)
            temperature = model.card.heads[head].temperature
            found[head] = calibrate_logits(logits, _classes(model, head, examples), temperature)
    for head, calibrated in found.items():
        config["voxpop"]["heads"][head]["temperature"] = round(calibrated.temperature, _DIGITS)
    write_config(folder, config)
    return found


def fit_temperature(logits: NDArray[np.floating], targets: NDArray[np.int64]) -> float:
    """Return the temperature in [LOWEST, HIGHEST] with the least negative log likelihood.

    `logits` have the shape (texts, classes). The likelihood is concave in 1/T, so it has one
    maximum; it is sought over log T. Where every text is right the best is the lowest bound.

    Raises ValueError where there is no text or a logit is not finite.
    """
    scores = np.asarray(logits, dtype=np.float64)
    if not len(scores) or not np.isfinite(scores).all():
        raise ValueError("a temperature needs at least one text, and finite logits")
    own = scores[np.arange(len(targets)), targets]

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float((logsumexp(scores * scale, axis=1) - own * scale).mean())

    found = minimize_scalar(
        loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded", options={"xatol": _TOLERANCE}
    )
    return float(np.exp(found.x))


def calibrate_logits(logits: NDArray[np.floating], targets: NDArray[np.int64], temperature: float = 1.0) -> Calibrated:
    """Fit a head's temperature on all texts and measure, cross-fitted, what it is worth.

    `temperature` is the one that the head has now, which the figure before is taken with. The halves
    are the even and the odd places of a shuffle with a fixed seed. Raises ValueError as `fit_temperature`
    does, and for a single text.
    """
    if len(targets) < 2:  # noqa: PLR2004 - two halves
        raise ValueError("a calibration needs at least two texts")
    order = np.random.default_rng(0).permutation(len(targets))
    halves = (order[::2], order[1::2])
    scaled = np.empty(logits.shape, dtype=np.float64)
    for mine, other in (halves, halves[::-1]):
        scaled[mine] = softmax(logits[mine], fit_temperature(logits[other], targets[other]))
    predicted = logits.argmax(axis=1)
    return Calibrated(
        temperature=fit_temperature(logits, targets),
        before=calibration(targets, predicted, softmax(logits, temperature)).error,
        after=calibration(targets, predicted, scaled).error,
        texts=len(targets),
    )


def _classes(model: ServedModel, head: str, examples: Examples) -> NDArray[np.int64]:
    """Return the examples' classes by the head's numbers."""
    labels = model.labels(head)
    if sorted(labels) != sorted(examples.labels):
        raise ValueError(
            f"the head '{head}' of {model.name} has the labels {', '.join(labels)}, "
            f"but the corpus to calibrate it on has {', '.join(examples.labels)}"
        )
    return np.array([labels.index(label) for label in examples.labels], dtype=np.int64)[examples.classes]
