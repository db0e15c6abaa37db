"""One BERT encoder that every head shares: classifiers over the mean of its token vectors, tags, an embedding."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel

from services.sentiment.tokenizer import CASES

_SEGMENTS = 2
ENTITIES = "entities"
EMBEDDING = "embedding"
MASKED = "masked"


class MultiTaskNetwork(nn.Module):
    """An encoder with a small head a task.

    Mean pooling is what the sentence encoder was trained with (Reimers & Gurevych, EMNLP 2019), so the
    pooled vector starts out as a good summary of the text. The encoder's vocabulary knows no capitals:
    token types tell it how a piece is written (`tokenizer.case_of`), beside the segment that it is in.
    """

    def __init__(self, encoder: Path, heads: Mapping[str, int], dropout: float = 0.1) -> None:
        """Load the encoder's weights from a folder; `heads` maps a head's name to the size of its answer."""
        super().__init__()
        self.encoder = AutoModel.from_pretrained(encoder, add_pooling_layer=False, attention_probs_dropout_prob=0.0)
        _tell_case(self.encoder)
        hidden = self.encoder.config.hidden_size
        self.middle = self.encoder.config.num_hidden_layers // 2
        self.heads = nn.ModuleDict({name: _head(name, hidden, size, dropout) for name, size in heads.items()})

    @property
    def device(self) -> torch.device:
        """Return where the weights are."""
        found: torch.device = self.encoder.device
        return found

    def forward(self, ids: Tensor, mask: Tensor, types: Tensor, heads: tuple[str, ...]) -> dict[str, Tensor]:
        """Return the answers of `heads`: logits (rows, classes), of entities (rows, length, labels), vectors of norm 1.

        `ids`, `mask` and `types` are (rows, length).
        """
        states = self.encoder(
            input_ids=ids, attention_mask=mask, token_type_ids=types, output_hidden_states=True
        ).hidden_states
        last = mean(states[-1], mask)
        answers = {}
        for name in heads:
            if name == ENTITIES:
                answers[name] = self.heads[name](states[-1])
            elif name == EMBEDDING:
                both = torch.cat([last, mean(states[self.middle], mask)], dim=-1)
                answers[name] = nn.functional.normalize(self.heads[name](both).float(), dim=-1)
            else:
                answers[name] = self.heads[name](last)
        return answers

    def guess(self, ids: Tensor, mask: Tensor, types: Tensor, places: Tensor) -> Tensor:
        """Return the logits of every word of the vocabulary at `places`, (rows, length) booleans: (places, words)."""
        states = self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state[places]
        words = self.encoder.embeddings.word_embeddings.weight
        logits: Tensor = nn.functional.linear(self.heads[MASKED](states), words)
        return logits


def mean(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean vector of the real tokens: (rows, length, width) to (rows, width)."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1)


def _tell_case(encoder: nn.Module) -> None:
    """Give every segment a token type for each way of writing, all starting as that segment's own vector."""
    old = encoder.embeddings.token_type_embeddings.weight.data
    new = nn.Embedding(_SEGMENTS * CASES, old.shape[1])
    new.weight.data.copy_(old[:_SEGMENTS].repeat_interleave(CASES, dim=0))
    encoder.embeddings.token_type_embeddings = new
    encoder.config.type_vocab_size = _SEGMENTS * CASES


def _head(name: str, hidden: int, size: int, dropout: float) -> nn.Module:
    if name == EMBEDDING:
        return _identity(hidden)
    if name == MASKED:
        return nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden))
    return nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, size))


def _identity(hidden: int) -> nn.Linear:
    """Return a layer that takes the last layer's mean as it is, and may learn to use the middle layer's."""
    layer = nn.Linear(2 * hidden, hidden)
    layer.weight.data.copy_(torch.cat([torch.eye(hidden), torch.zeros(hidden, hidden)], dim=1))
    layer.bias.data.zero_()
    return layer
