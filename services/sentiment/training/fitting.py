"""Fine-tuning: batches bucketed by length, one head a step, the best epoch kept."""

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from torch import nn

from services.sentiment.training.corpus import Corpus
from services.sentiment.training.measures import macro_recall
from services.sentiment.training.network import MultiHeadClassifier, pad

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Recipe:
    """What a training depends on besides its data. `learning_rate` is the peak of a linear schedule."""

    epochs: int = 3
    batch: int = 32
    learning_rate: float = 5e-5
    head_learning_rate: float = 3e-4
    warmup_share: float = 0.06
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    seed: int = 7


def bucketed(corpus: Corpus, size: int, shuffle: random.Random) -> Iterator[list[int]]:
    """Yield batches of row numbers of about one length, in random order: little padding, fair order."""
    rows = list(range(len(corpus.ids)))
    shuffle.shuffle(rows)
    batches = []
    span = size * 50
    for start in range(0, len(rows), span):
        bucket = sorted(rows[start : start + span], key=lambda row: len(corpus.ids[row]))
        batches += [bucket[i : i + size] for i in range(0, len(bucket), size)]
    shuffle.shuffle(batches)
    yield from batches


@torch.inference_mode()
def predict(network: MultiHeadClassifier, corpus: Corpus) -> NDArray[np.float32]:
    """Return the logits of the corpus's head in fp32, shape (rows, classes)."""
    network.eval()
    order = np.argsort([len(ids) for ids in corpus.ids])
    logits = np.zeros((len(corpus.ids), len(corpus.labels)), dtype=np.float32)
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        logits[rows] = network.classify(*pad([corpus.ids[i] for i in rows]), corpus.head).numpy()
    return logits


def fit(
    network: MultiHeadClassifier,
    training: Sequence[Corpus],
    validation: Sequence[Corpus],
    recipe: Recipe,
    checkpoint: Path,
) -> dict[str, float]:
    """Fine-tune in place, keep the epoch with the best mean validation figure, return its figures.

    Each epoch's weights are saved to `checkpoint` (written beside, then renamed) when they are the best so far.
    """
    torch.manual_seed(recipe.seed)
    shuffle = random.Random(recipe.seed)
    steps = recipe.epochs * sum(math.ceil(len(corpus.ids) / recipe.batch) for corpus in training)
    optimizer, schedule = _optimizer(network, recipe, steps)
    losses = {
        corpus.head: nn.CrossEntropyLoss(
            weight=torch.from_numpy(corpus.class_weights()), label_smoothing=recipe.label_smoothing
        )
        for corpus in training
    }
    best: dict[str, float] = {}
    done, started = 0, time.monotonic()
    for epoch in range(recipe.epochs):
        plan = [(corpus, rows) for corpus in training for rows in bucketed(corpus, recipe.batch, shuffle)]
        shuffle.shuffle(plan)
        network.train()
        for corpus, rows in plan:
            ids, mask = pad([corpus.ids[i] for i in rows])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network.classify(ids, mask, corpus.head)
            loss = losses[corpus.head](logits.float(), torch.from_numpy(corpus.targets[rows]))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            done += 1
            if done % 100 == 0:
                rate = (time.monotonic() - started) / done
                log.info(
                    "training.step", step=done, of=steps, loss=round(loss.item(), 4), seconds_a_step=round(rate, 3)
                )
        figures = {corpus.head: measure(network, corpus) for corpus in validation}
        log.info("training.epoch", epoch=epoch + 1, **{k: round(v, 4) for k, v in figures.items()})
        if not best or np.mean(list(figures.values())) > np.mean(list(best.values())):
            best = figures
            beside = checkpoint.with_suffix(".part")
            torch.save(network.state_dict(), beside)
            beside.replace(checkpoint)
    network.load_state_dict(torch.load(checkpoint, weights_only=True))
    return best


def measure(network: MultiHeadClassifier, corpus: Corpus) -> float:
    """Return the macro recall of one head on a corpus."""
    return macro_recall(corpus.targets, predict(network, corpus).argmax(1))


def _optimizer(
    network: MultiHeadClassifier, recipe: Recipe, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    encoder = [p for p in network.encoder.parameters() if p.requires_grad]
    groups = [
        {"params": encoder, "lr": recipe.learning_rate},
        {"params": list(network.heads.parameters()), "lr": recipe.head_learning_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=True)
    warmup = max(1, int(steps * recipe.warmup_share))

    def factor(step: int) -> float:
        return step / warmup if step < warmup else max(0.0, (steps - step) / max(1, steps - warmup))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
