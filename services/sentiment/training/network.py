"""One BERT encoder with a small classifier per head over the mean of its token vectors."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel


class MultiHeadClassifier(nn.Module):
    """An encoder shared by every head.

    Mean pooling is what the sentence encoder was trained with (Reimers & Gurevych 2019), so the
    pooled vector starts out as a good summary of the text.
    """

    def __init__(self, encoder: Path, heads: Mapping[str, int], dropout: float = 0.1) -> None:
        """Load the encoder's weights from a folder; `heads` maps a head's name to its class count."""
        super().__init__()
        self.encoder = AutoModel.from_pretrained(encoder, add_pooling_layer=False)
        hidden = self.encoder.config.hidden_size
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, size))
                for name, size in heads.items()
            }
        )

    def pool(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the mean vector of the real tokens, shape (batch, hidden)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1).clamp(min=1)

    def classify(self, input_ids: Tensor, attention_mask: Tensor, head: str) -> Tensor:
        """Return the logits of one head, shape (batch, classes)."""
        logits: Tensor = self.heads[head](self.pool(input_ids, attention_mask))
        return logits

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of every head, in the order of construction: one pass, all answers."""
        pooled = self.pool(input_ids, attention_mask)
        return tuple(head(pooled) for head in self.heads.values())


def pad(ids: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Return ids and attention mask padded with zeros to the longest, each (batch, longest) int64."""
    longest = max(len(row) for row in ids)
    input_ids = torch.zeros(len(ids), longest, dtype=torch.int64)
    mask = torch.zeros_like(input_ids)
    for i, row in enumerate(ids):
        input_ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return input_ids, mask
