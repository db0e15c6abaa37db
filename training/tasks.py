"""What a head is trained on: the rows of one corpus, the answers that are right, and the loss of a batch."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModel

from services.sentiment.normalisation import normalise
from services.sentiment.tokenizer import Tokenizer, Tokens
from training.corpora import Examples
from training.multi_task_network import EMBEDDING, ENTITIES, MASKED, MultiTaskNetwork, mean
from training.recipe import CorpusUse
from training.sequences import ENTITY_LABELS, UNKNOWN, Sequences

IGNORED = -100
"""The tag number of a piece that teaches nothing: special tokens, pieces after a word's first, unknown types."""

_SIMILARITY_WEIGHT = 10.0
_MASK_ID = 103
_FIRST_WORD_ID = 999
"""BERT's uncased vocabulary: what comes before are special tokens and unused places."""
_GUESSED_SHARE = 0.15
_HIDDEN = 0.8
_REPLACED = 0.9


class Task(ABC):
    """One corpus made ready for one head."""

    def __init__(self, corpus: str, head: str, labels: tuple[str, ...], rows: list[Tokens]) -> None:
        """Hold the rows; `labels` are the names of the head's answers, empty for an embedding."""
        self.corpus = corpus
        self.head = head
        self.labels = labels
        self.rows = rows

    @abstractmethod
    def loss(self, network: MultiTaskNetwork, chosen: Sequence[int]) -> Tensor:
        """Return the mean loss of the rows chosen, a scalar in fp32 on the network's device."""

    def inputs(self, network: MultiTaskNetwork, chosen: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return ids, mask and token types of the rows chosen, padded, on the network's device."""
        ids, mask, types = pad([self.rows[i] for i in chosen])
        return ids.to(network.device), mask.to(network.device), types.to(network.device)


class ClassificationTask(Task):
    """Cross entropy over the classes that the corpus has: it says nothing of those that it lacks."""

    def __init__(
        self,
        corpus: str,
        use: CorpusUse,
        labels: tuple[str, ...],
        examples: Examples,
        rows: list[Tokens],
        smoothing: float,
    ) -> None:
        """Weigh the classes as the recipe says; `labels` are the head's, which hold all of the corpus's."""
        super().__init__(corpus, use.head, labels, rows)
        numbers = np.array([labels.index(label) for label in examples.labels], dtype=np.int64)
        self.classes: NDArray[np.int64] = numbers[examples.classes]
        counts = np.bincount(self.classes, minlength=len(labels))
        self.present: NDArray[np.int64] = np.flatnonzero(counts)
        self._columns = torch.from_numpy(self.present)
        self._places = torch.from_numpy(np.searchsorted(self.present, self.classes))
        weights = np.sqrt(counts.sum() / counts[self.present]) if use.class_weights == "square-root" else None
        self._criterion = nn.CrossEntropyLoss(
            weight=None if weights is None else torch.tensor(weights / weights.mean(), dtype=torch.float32),
            label_smoothing=smoothing,
        )

    def loss(self, network: MultiTaskNetwork, chosen: Sequence[int]) -> Tensor:
        """Return the weighted cross entropy (Guo's calibration later mends what weights and smoothing bend)."""
        logits = network(*self.inputs(network, chosen), (self.head,))[self.head].float()
        criterion = self._criterion.to(network.device)
        found: Tensor = criterion(logits[:, self._columns], self._places[list(chosen)].to(network.device))
        return found


class TaggingTask(Task):
    """Tags of words. Where the corpus labels some types only, O stands for "none of those".

    Its probability is then that of O and of every type that the corpus does not label, taken together:
    nothing is learnt about those types from it.
    """

    def __init__(self, corpus: str, sequences: Sequences, rows: list[Tokens], tags: list[list[int]]) -> None:
        """Hold the tags: a number of ENTITY_LABELS or IGNORED for each piece of each row."""
        super().__init__(corpus, ENTITIES, ENTITY_LABELS, rows)
        self.tags = tags
        self.types = sequences.types
        self._unlabelled = torch.tensor(
            [label == "O" or label[2:] not in sequences.types for label in ENTITY_LABELS], dtype=torch.bool
        )

    def loss(self, network: MultiTaskNetwork, chosen: Sequence[int]) -> Tensor:
        """Return the mean negative log-likelihood over the pieces that carry a tag."""
        inputs = self.inputs(network, chosen)
        shares = network(*inputs, (ENTITIES,))[ENTITIES].float().log_softmax(-1)
        right = torch.full(inputs[0].shape, IGNORED)
        for place, i in enumerate(chosen):
            right[place, : len(self.tags[i])] = torch.tensor(self.tags[i])
        right = right.to(network.device)
        outside = shares.masked_fill(~self._unlabelled.to(network.device), -torch.inf).logsumexp(-1)
        named = shares.gather(-1, right.clamp(min=0).unsqueeze(-1)).squeeze(-1)
        likelihood = torch.where(right == 0, outside, named)[right != IGNORED]
        return -likelihood.sum() / max(1, likelihood.numel())


class Teacher:
    """The encoder as it came, frozen: what its vectors were is what ours must stay like."""

    def __init__(self, encoder: Path, device: torch.device) -> None:
        """Load the original weights on `device`."""
        self._encoder = AutoModel.from_pretrained(encoder, add_pooling_layer=False).eval().to(device)

    @torch.no_grad()
    def embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return vectors of norm 1, shape (rows, width), in fp32."""
        states = self._encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return nn.functional.normalize(mean(states.float(), mask), dim=-1)


class DistillationTask(Task):
    """Distils the original encoder: each vector near its own, each pair as similar as there.

    The second term is the relational part of Park et al. (CVPR 2019), here over cosines in the batch.
    """

    def __init__(self, corpus: str, rows: list[Tokens], teacher: Teacher) -> None:
        """Learn from `teacher`."""
        super().__init__(corpus, EMBEDDING, (), rows)
        self._teacher = teacher

    def loss(self, network: MultiTaskNetwork, chosen: Sequence[int]) -> Tensor:
        """Return 1 - cosine to the teacher's vector, plus the squared difference of the batch's similarities."""
        inputs = self.inputs(network, chosen)
        mine = network(*inputs, (EMBEDDING,))[EMBEDDING].float()
        wanted = self._teacher.embed(*inputs[:2])
        near = (1 - (mine * wanted).sum(-1)).mean()
        return near + _SIMILARITY_WEIGHT * nn.functional.mse_loss(mine @ mine.T, wanted @ wanted.T)


class MaskingTask(Task):
    """Masked language modelling: guessing hidden words of posts, so that the encoder learns how people post.

    After Devlin et al. (NAACL 2019): of 15 % of the pieces 80 % are hidden, 10 % replaced, 10 % left.
    """

    def __init__(self, corpus: str, rows: list[Tokens]) -> None:
        """Hold the texts."""
        super().__init__(corpus, MASKED, (), rows)

    def loss(self, network: MultiTaskNetwork, chosen: Sequence[int]) -> Tensor:
        """Return the mean cross entropy of the pieces chosen to be guessed."""
        ids, mask, types = self.inputs(network, chosen)
        guessed = (torch.rand(ids.shape, device=ids.device) < _GUESSED_SHARE) & (ids > _FIRST_WORD_ID)
        guessed[0, 1] = True
        fate = torch.rand(ids.shape, device=ids.device)
        words = network.encoder.config.vocab_size
        replaced = torch.where(
            fate < _HIDDEN, _MASK_ID, torch.randint(_FIRST_WORD_ID + 1, words, ids.shape, device=ids.device)
        )
        shown = torch.where(guessed & (fate < _REPLACED), replaced, ids)
        logits = network.guess(shown, mask, types, guessed)
        return nn.functional.cross_entropy(logits.float(), ids[guessed])


def load_tokenizer(encoder: Path, length: int) -> Tokenizer:
    """Return the encoder's tokenizer, cutting at `length` tokens, with the case told by token types."""
    return Tokenizer(encoder / "tokenizer.json", length, case_types=True, offsets=True)


def encode_sequences(tokenizer: Tokenizer, sequences: Sequences) -> tuple[list[Tokens], list[list[int]]]:
    """Return the row of each post and, for each of its pieces, the tag's number or IGNORED.

    The words are joined by blanks and cleaned one by one: what the service makes of the whole text
    differs only where a pattern spans words.
    """
    numbers = {label: number for number, label in enumerate(ENTITY_LABELS)} | {UNKNOWN: IGNORED}
    cleaned = [[normalise(word) for word in words] for words in sequences.words]
    rows = tokenizer.encode([" ".join(words) for words in cleaned], [None] * len(cleaned))
    tags = []
    for words, found, row in zip(cleaned, sequences.tags, rows, strict=True):
        tag_at: dict[int, str] = {}
        start = 0
        for word, tag in zip(words, found, strict=True):
            tag_at.setdefault(start, tag)
            start += len(word) + 1
        tags.append([numbers[tag_at[at]] if end > at and at in tag_at else IGNORED for at, end in row.offsets])
    return rows, tags


def pad(rows: Sequence[Tokens]) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids, attention mask and token types padded with zeros to the longest, each (rows, longest) int64."""
    longest = max(len(row) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.int64)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row.ids)
        types[i, : len(row)] = torch.tensor(row.type_ids)
        mask[i, : len(row)] = 1
    return ids, mask, types
