"""Calibrates a model folder: fits each head's temperature on held-out texts and writes it into `config.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.corpora import Examples, read_examples
from training.evaluation.served import ServedModel
from training.evaluation.temperature import Calibrated, calibrate_logits

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

_DIGITS: Final = 4


def calibrate(folder: Path, data: Path, corpora: Mapping[str, str] = CORPUS_OF) -> dict[str, Calibrated]:
    """Fit a temperature for each class head of `folder`, write them into its `config.json`, return them by head.

    `corpora` says on whose validation part a head is calibrated; heads that it lacks are left as they are.

    Entities are left as they are: their probabilities are told nobody. Raises ValueError or SettingsError
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
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    beside.replace(path)
    return found


def _classes(model: ServedModel, head: str, examples: Examples) -> NDArray[np.int64]:
    """Return the examples' classes by the head's numbers."""
    labels = model.labels(head)
    if sorted(labels) != sorted(examples.labels):
        raise ValueError(
            f"the head '{head}' of {model.name} has the labels {', '.join(labels)}, "
            f"but the corpus to calibrate it on has {', '.join(examples.labels)}"
        )
    return np.array([labels.index(label) for label in examples.labels], dtype=np.int64)[examples.classes]
