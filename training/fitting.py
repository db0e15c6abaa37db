"""The training itself: one batch a step, a moving average of the weights, a checkpoint to go on from."""

import time
from collections.abc import Mapping, Sequence

import structlog
import torch
from torch import nn

from training.checkpoint import Checkpoint
from training.curriculum import Batch
from training.lessons import Lesson
from training.network import MultiTaskNetwork
from training.recipe import Optimisation
from training.validation import validate

log = structlog.get_logger(__name__)

_REPORT_EVERY = 100
_SAVE_EVERY = 500
_VALIDATIONS = 3


def fit(
    network: MultiTaskNetwork,
    steps: Sequence[Batch],
    validation: Mapping[str, Lesson],
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
            loss = batch.lesson.loss(network, batch.rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        done += 1
        _smooth(losses, batch.lesson.corpus, loss.item())
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
