"""Labels taken as evidence beside what earlier models read: wrong ones lose weight, and missing classes appear."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from services.sentiment.scoring import softmax
from services.sentiment.training.corpora import Examples
from services.sentiment.training.evaluation.served import ServedModel
from services.sentiment.training.measures import Classes, Probabilities

log = structlog.get_logger(__name__)

_CHUNK: Final = 5_000


class Denoiser:
    """Earlier models, averaged (Hinton et al. 2015), and what they read of a corpus, kept for the next start."""

    def __init__(self, models: Sequence[Path], work: Path) -> None:
        """Read with the model folders `models`; keep what they say in the folder `work`."""
        self._models = models
        self._work = work

    def denoise(
        self, corpus: str, head: str, examples: Examples, labels: tuple[str, ...], noise: float
    ) -> Probabilities:
        """Return what each text most likely is, shape (texts, classes of `labels`), rows summing to 1.

        `noise` is the share of the corpus's labels that are wrong. Raises ValueError where there is no earlier
        model, or one lacks the head or a class of it.
        """
        if not self._models:
            raise ValueError(f"the recipe denoises the labels of '{corpus}'; name earlier models by --teacher FOLDER")
        read = self._read(corpus, head, examples.texts, labels)
        named = np.array([labels.index(label) for label in examples.labels], dtype=np.int64)
        return posterior(read, named[examples.classes], named, noise)

    def _read(self, corpus: str, head: str, texts: Sequence[str], labels: tuple[str, ...]) -> Probabilities:
        path = self._work / f"read-{corpus}.npz"
        key = _fingerprint(self._models, texts)
        if path.exists():
            with np.load(path) as kept:
                if str(kept["key"]) == key:
                    found: Probabilities = kept["read"]
                    return found
        read = np.mean([_ask(ServedModel.open(str(model)), head, texts, labels) for model in self._models], axis=0)
        self._work.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part.npz")
        np.savez(beside, key=key, read=read)
        beside.replace(path)
        log.info("training.read", corpus=corpus, texts=len(texts), models=len(self._models))
        averaged: Probabilities = read
        return averaged


def posterior(read: Probabilities, labelled: Classes, named: Classes, noise: float) -> Probabilities:
    """Return Bayes' rule on what was read and what was labelled, shape as `read`, (texts, classes).

    `labelled` is each text's label, one of the classes `named`. A class that the corpus names gets its own label
    with probability 1 - noise and each other one alike; one that it does not name gets any of them alike.
    """
    chances = np.full((read.shape[1], read.shape[1]), 1 / len(named))
    for true in named:
        chances[true, :] = noise / (len(named) - 1)
        chances[true, true] = 1 - noise
    joint = read * chances[:, labelled].T
    shares: Probabilities = joint / joint.sum(axis=1, keepdims=True)
    return shares


def _ask(model: ServedModel, head: str, texts: Sequence[str], labels: tuple[str, ...]) -> Probabilities:
    own = model.labels(head)
    if set(own) != set(labels):
        raise ValueError(f"{model.name} tells {', '.join(own)} of '{head}', not {', '.join(labels)}; leave it out")
    order = [own.index(label) for label in labels]
    temperature = model.card.heads[head].temperature
    chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
    return np.concatenate([softmax(model.logits(head, chunk), temperature)[:, order] for chunk in chunks])


def _fingerprint(models: Sequence[Path], texts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for model in models:
        digest.update((model / "model.onnx").read_bytes())
        digest.update((model / "config.json").read_bytes())
    for text in texts:
        digest.update(text.encode() + b"\x00")
    return digest.hexdigest()
