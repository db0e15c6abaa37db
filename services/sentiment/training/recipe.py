"""The whole way from the data folder to a checkpoint: `voxpop model train`."""

from pathlib import Path

import structlog
from tokenizers import Tokenizer

from services.sentiment.training import corpus
from services.sentiment.training.fitting import Recipe, fit
from services.sentiment.training.network import MultiHeadClassifier

log = structlog.get_logger(__name__)

MAX_LENGTH = 256


def load_tokenizer(encoder: Path) -> Tokenizer:
    """Return the encoder's tokenizer, cutting at MAX_LENGTH tokens and padding nothing."""
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_LENGTH)
    tokenizer.no_padding()
    return tokenizer


def train(data: Path, encoder: Path, work: Path, recipe: Recipe) -> dict[str, float]:
    """Fine-tune `encoder` on the corpora under `data`; leave `checkpoint.pt` in `work`, return its figures."""
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(encoder)
    training = [read(data, tokenizer, "train") for read in (corpus.sentiment, corpus.subjectivity)]
    validation = [read(data, tokenizer, "val") for read in (corpus.sentiment, corpus.subjectivity)]
    log.info("training.start", rows={c.head: len(c.ids) for c in training})
    network = MultiHeadClassifier(encoder, {c.head: len(c.labels) for c in training})
    return fit(network, training, validation, recipe, work / "checkpoint.pt")
