"""The original sentence encoder, kept beside the one in training."""

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel

from training.network import mean


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
