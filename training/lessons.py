"""What a head learns from one corpus: its rows, the answers that are right, and the loss of a batch."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from services.sentiment.tokenizer import Tokens
from training.corpora import Examples
from training.encoding import IGNORED, pad
from training.network import EMBEDDING, ENTITIES, MultiTaskNetwork
from training.recipe import CorpusUse
from training.sequences import ENTITY_LABELS, Sequences
from training.teacher import Teacher

_SIMILARITY_WEIGHT = 10.0


class Lesson(ABC):
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


class ClassLesson(Lesson):
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


class EntityLesson(Lesson):
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


class EmbeddingLesson(Lesson):
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
