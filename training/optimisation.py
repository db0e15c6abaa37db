"""The training itself: one batch a step, a moving average of the weights, figures on what is held out."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from torch import nn

from training.checkpoint import Checkpoint
from training.curriculum import Batch
from training.evaluation.spans import WordSpan, spans_of
from training.measures import accuracy, macro_f1, macro_recall
from training.multi_task_network import ENTITIES, MultiTaskNetwork
from training.recipe import Optimisation
from training.sequences import ENTITY_LABELS
from training.tasks import ClassificationTask, TaggingTask, Task

log = structlog.get_logger(__name__)

_REPORT_EVERY = 100
_SAVE_EVERY = 500
_VALIDATIONS = 3
_BATCH = 64
_MOST_ROWS = 2000
"""A corpus that holds out more is measured on rows spread evenly over it: enough to steer by."""
_MOST_TEXTS = 256


def fit(
    network: MultiTaskNetwork,
    steps: Sequence[Batch],
    validation: Mapping[str, Task],
    how: Optimisation,
    checkpoint: Checkpoint,
) -> dict[str, float]:
    """Train in place, going on from `checkpoint` where it has one; return the figures of the averaged weights.

    The network ends with the averaged weights (Polyak & Juditsky 1992), which are more even from task
    to task than any step's. Raises ValueError where the checkpoint belongs to another training.
    """
    optimizer, schedule = _optimizer(network, how, len(steps))
    average = {name: weight.detach().clone() for name, weight in network.state_dict().items()}
    done = checkpoint.restore(network, optimizer, schedule, average)
    started, first = time.monotonic(), done
    losses: dict[str, float] = {}
    pause = max(1, len(steps) // _VALIDATIONS)
    network.train()
    for batch in steps[done:]:
        with torch.autocast(network.device.type, dtype=torch.bfloat16):
            loss = batch.task.loss(network, batch.rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        done += 1
        _smooth(losses, batch.task.corpus, loss.item())
        if done % how.average_every == 0 or done == len(steps):
            _blend(average, network, min(how.average_decay, done / (done + 10 * how.average_every)))
        if done % _REPORT_EVERY == 0:
            _report(done, len(steps), (time.monotonic() - started) / (done - first), losses)
        if done % _SAVE_EVERY == 0:
            checkpoint.save(done, network, optimizer, schedule, average)
        if done % pause == 0 and done < len(steps):
            with torch.random.fork_rng():
                log.info("training.validated", step=done, **validate(network, validation))
            network.train()
    checkpoint.save(done, network, optimizer, schedule, average)
    network.load_state_dict(average)
    figures = validate(network, validation)
    log.info("training.validated", step=done, weights="averaged", **figures)
    return figures


def validate(network: MultiTaskNetwork, tasks: Mapping[str, Task]) -> dict[str, float]:
    """Return each corpus's figures on what is held out, in [0, 1], named `corpus figure`.

    Puts the network into evaluation mode. The served folder is measured by `evaluation`.
    """
    network.eval()
    figures: dict[str, float] = {}
    for corpus, task in tasks.items():
        if isinstance(task, ClassificationTask):
            rows = _spread(task)
            found = task.present[predict(network, task, rows)[:, task.present].argmax(1)]
            for measure in (accuracy, macro_recall, macro_f1):
                figures[f"{corpus} {measure.__name__}"] = measure(task.classes[rows], found)
        elif isinstance(task, TaggingTask):
            figures[f"{corpus} span_f1"] = _span_f1(network, task)
        else:
            figures[f"{corpus} loss"] = _loss(network, task)
    return {name: round(value, 4) for name, value in figures.items()}


@torch.inference_mode()
def predict(network: MultiTaskNetwork, task: Task, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the head's answers to `rows` in fp32, shape (rows, classes)."""
    parts: list[NDArray[np.float32]] = []
    order = np.argsort([len(task.rows[row]) for row in rows], kind="stable")
    for start in range(0, len(order), _BATCH):
        chosen = rows[order[start : start + _BATCH]].tolist()
        with torch.autocast(network.device.type, dtype=torch.bfloat16):
            answers = network(*task.inputs(network, chosen), (task.head,))
        parts.append(answers[task.head].float().cpu().numpy())
    logits = np.empty((len(order), parts[0].shape[-1]), dtype=np.float32)
    logits[order] = np.concatenate(parts)
    return logits


def _smooth(losses: dict[str, float], corpus: str, loss: float) -> None:
    losses[corpus] = 0.95 * losses[corpus] + 0.05 * loss if corpus in losses else loss


def _report(done: int, total: int, seconds: float, losses: Mapping[str, float]) -> None:
    log.info(
        "training.step",
        step=done,
        of=total,
        seconds_a_step=round(seconds, 3),
        minutes_left=round((total - done) * seconds / 60, 1),
        losses={corpus: round(loss, 3) for corpus, loss in losses.items()},
    )


@torch.no_grad()
def _blend(average: dict[str, torch.Tensor], network: MultiTaskNetwork, decay: float) -> None:
    for name, weight in network.state_dict().items():
        if weight.is_floating_point():
            average[name].lerp_(weight, 1 - decay)


def _optimizer(
    network: MultiTaskNetwork, how: Optimisation, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    groups = [
        {"params": list(network.encoder.parameters()), "lr": how.learning_rate},
        {"params": list(network.heads.parameters()), "lr": how.head_learning_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=how.weight_decay, fused=True)
    warmup = max(1, int(steps * how.warmup_share))

    def factor(step: int) -> float:
        return step / warmup if step < warmup else max(0.0, (steps - step) / max(1, steps - warmup))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def _spread(task: Task) -> NDArray[np.int64]:
    count = len(task.rows)
    return np.linspace(0, count - 1, min(count, _MOST_ROWS)).round().astype(np.int64)


@torch.inference_mode()
def _span_f1(network: MultiTaskNetwork, task: TaggingTask) -> float:
    """Return F1 over exact spans of the types that the corpus labels, on words whose tag is known."""
    right: set[tuple[int, WordSpan]] = set()
    found: set[tuple[int, WordSpan]] = set()
    for start in range(0, len(task.rows), _BATCH):
        chosen = range(start, min(start + _BATCH, len(task.rows)))
        with torch.autocast(network.device.type, dtype=torch.bfloat16):
            answers = network(*task.inputs(network, chosen), (ENTITIES,))
        numbers = answers[ENTITIES].argmax(-1).cpu().tolist()
        for place, row in enumerate(chosen):
            words = [i for i, tag in enumerate(task.tags[row]) if tag >= 0]
            right |= {(row, span) for span in spans_of([ENTITY_LABELS[task.tags[row][i]] for i in words])}
            found |= {(row, span) for span in spans_of([ENTITY_LABELS[numbers[place][i]] for i in words])}
    found = {(row, span) for row, span in found if span.type in task.types}
    return 2 * len(right & found) / max(1, len(right) + len(found))


@torch.inference_mode()
def _loss(network: MultiTaskNetwork, task: Task) -> float:
    """Return the mean loss of an embedding or of hidden words, which have no classes to count."""
    rows = _spread(task)[:_MOST_TEXTS].tolist()
    losses = [float(task.loss(network, rows[i : i + _BATCH])) for i in range(0, len(rows), _BATCH)]
    return float(np.mean(losses))
