"""The LSTM of the older systems, trained on one corpus into a folder that the service loads."""

import copy
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from services.sentiment.normalisation import normalise
from services.sentiment.tokenizer import Tokenizer, Tokens
from training.baselines.lstm_folder import LstmWeights, learn_words, write_lstm_folder
from training.corpora import Examples, encode, read_examples
from training.curriculum import length_buckets
from training.measures import Classes, accuracy, macro_recall
from training.target_folder import folder_beside

log = structlog.get_logger(__name__)

CORPORA: Final = ("tweeteval-sentiment", "airline", "sentiment140", "entity-sentiment")
WITH_TARGETS: Final = "entity-sentiment"
MAX_LENGTH: Final = 100


@dataclass(frozen=True)
class LstmPlan:
    """How an LSTM is trained; the sizes are those of the older systems. `words` is the vocabulary's size."""

    epochs: int = 10
    seed: int = 7
    words: int = 20_000
    width: int = 128
    hidden: int = 196
    spatial_dropout: float = 0.4
    dropout: float = 0.2
    batch: int = 64
    learning_rate: float = 1e-3
    patience: int = 2
    most_steps: int | None = None


class LstmClassifier(nn.Module):
    """Embedding, spatial dropout, LSTM, classes: the last state of each text decides.

    Spatial dropout leaves out whole dimensions of a text's word vectors; the LSTM's own dropout does
    so again on what it takes in, as Keras does, which the older systems were written with.
    """

    def __init__(self, words: int, classes: int, plan: LstmPlan) -> None:
        """Start with random weights; id 0 is the padding, a vector of zeros."""
        super().__init__()
        self.embedding = nn.Embedding(words, plan.width, padding_idx=0)
        self.drops = nn.Sequential(nn.Dropout1d(plan.spatial_dropout), nn.Dropout1d(plan.dropout))
        self.lstm = nn.LSTM(plan.width, plan.hidden, batch_first=True)
        self.classifier = nn.Linear(plan.hidden, classes)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (batch, classes) of ids (batch, longest), padded on the right, and lengths (batch,)."""
        vectors = self.drops(self.embedding(ids).transpose(1, 2)).transpose(1, 2)
        states, _ = self.lstm(vectors)
        last = states[torch.arange(len(ids), device=ids.device), lengths - 1]
        logits: Tensor = self.classifier(last)
        return logits


def train_lstm(
    corpus: str,
    data: Path,
    output: Path,
    *,
    epochs: int = LstmPlan.epochs,
    seed: int = LstmPlan.seed,
    words: int = LstmPlan.words,
    most_steps: int | None = None,
) -> dict[str, float]:
    """Train on the train part of `corpus`, keep the best epoch on its validation part, write the folder `output`.

    `corpus` is one of CORPORA, or several joined by `+`, of which the first is validated on. With
    `most_steps` the training stops early, to try it out. Returns the best epoch's figures in [0, 1].

    Raises ValueError for another corpus, for data that does not fit, and for an `output` that is no model
    folder; nothing is written then.
    """
    names = corpus.split("+")
    for name in names:
        if name not in CORPORA or (len(names) > 1 and name == WITH_TARGETS):
            raise ValueError(
                f"no LSTM is trained on '{corpus}'; give one of {', '.join(CORPORA)}, or tweeteval-sentiment+airline"
            )
    plan = LstmPlan(epochs=epochs, seed=seed, words=words, most_steps=most_steps)
    training = [read_examples(name, data, "train") for name in names]
    validation = read_examples(names[0], data, "val")
    for name, part in zip(names, training, strict=True):
        if not set(part.labels) <= set(validation.labels):
            raise ValueError(f"'{name}' has classes that '{names[0]}' lacks; name the corpus with all classes first")
    about = corpus == WITH_TARGETS
    with folder_beside(output) as folder:
        texts = [normalise(text) for part in training for text in part.texts]
        targets = [normalise(target) for part in training for target in part.targets or ()] if about else []
        vocabulary = learn_words([*texts, *targets], plan.words)
        vocabulary.save(str(folder / "tokenizer.json"))
        tokenizer = Tokenizer(folder / "tokenizer.json", MAX_LENGTH)
        rows = [row for part in training for row in encode(tokenizer, part.texts, part.targets if about else None)]
        classes = np.concatenate([_numbers(part, validation.labels)[part.classes] for part in training])
        held_out = encode(tokenizer, validation.texts, validation.targets if about else None)
        torch.manual_seed(plan.seed)
        network = LstmClassifier(vocabulary.get_vocab_size(), len(validation.labels), plan)
        figures = fit(network, rows, classes, held_out, validation.classes, plan)
        heads = ("sentiment", "target_sentiment") if about else ("sentiment",)
        write_lstm_folder(folder, f"lstm-{corpus}", weights_of(network), heads, validation.labels, MAX_LENGTH)
    log.info("lstm.written", folder=str(output), **figures)
    return figures


def _numbers(part: Examples, labels: Sequence[str]) -> Classes:
    """Return the number in `labels` of each of the part's own."""
    return np.array([labels.index(label) for label in part.labels], dtype=np.int64)


def fit(
    network: LstmClassifier,
    rows: Sequence[Tokens],
    classes: Classes,
    held_out: Sequence[Tokens],
    held_out_classes: Classes,
    plan: LstmPlan,
) -> dict[str, float]:
    """Train in place, on a GPU where there is one; return the figures of the best epoch, which is kept.

    The best is that by macro recall on `held_out`; after `plan.patience` epochs that were no better it stops.
    """
    shuffle = random.Random(plan.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=plan.learning_rate)
    loss_of = nn.CrossEntropyLoss()
    best, best_state, worse, steps = {"macro recall": -math.inf}, copy.deepcopy(network.state_dict()), 0, 0
    for epoch in range(plan.epochs):
        network.train()
        for batch in _batches(rows, plan.batch, shuffle):
            if plan.most_steps is not None and steps >= plan.most_steps:
                break
            steps += 1
            expected = torch.from_numpy(classes[batch]).to(device)
            loss = loss_of(network(*_pad([rows[i] for i in batch], device)), expected)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        predicted = predict(network, held_out).argmax(axis=1)
        figures = {
            "accuracy": accuracy(held_out_classes, predicted),
            "macro recall": macro_recall(held_out_classes, predicted),
        }
        log.info("lstm.epoch", epoch=epoch + 1, steps=steps, **{name: round(x, 4) for name, x in figures.items()})
        if figures["macro recall"] > best["macro recall"]:
            best, best_state, worse = figures, copy.deepcopy(network.state_dict()), 0
        else:
            worse += 1
        if worse >= plan.patience or (plan.most_steps is not None and steps >= plan.most_steps):
            break
    network.load_state_dict(best_state)
    return best


@torch.inference_mode()
def predict(network: LstmClassifier, rows: Sequence[Tokens]) -> NDArray[np.float32]:
    """Return the logits of each row, shape (rows, classes)."""
    network.eval()
    device = next(network.parameters()).device
    order = np.argsort([len(row) for row in rows], kind="stable")
    parts = [
        network(*_pad([rows[i] for i in order[start : start + 256]], device)).cpu().numpy()
        for start in range(0, len(order), 256)
    ]
    logits = np.empty((len(rows), parts[0].shape[1]), dtype=np.float32)
    logits[order] = np.concatenate(parts)
    return logits


def weights_of(network: LstmClassifier) -> LstmWeights:
    """Return the network's weights as arrays."""
    found = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    return LstmWeights(
        embedding=found["embedding.weight"],
        of_input=found["lstm.weight_ih_l0"],
        of_state=found["lstm.weight_hh_l0"],
        bias=found["lstm.bias_ih_l0"] + found["lstm.bias_hh_l0"],
        classifier=found["classifier.weight"],
        classifier_bias=found["classifier.bias"],
    )


def _batches(rows: Sequence[Tokens], size: int, shuffle: random.Random) -> list[list[int]]:
    """Return batches of row numbers of about one length, in random order."""
    order = list(range(len(rows)))
    shuffle.shuffle(order)
    batches = list(length_buckets(order, rows, size))
    shuffle.shuffle(batches)
    return batches


def _pad(rows: Sequence[Tokens], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return ids padded with zeros to the longest, (rows, longest), and lengths, (rows,)."""
    ids = torch.zeros(len(rows), max(len(row) for row in rows), dtype=torch.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row.ids)
    return ids.to(device), torch.tensor([len(row) for row in rows], device=device)
