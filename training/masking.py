"""Masked language modelling: guessing hidden words of posts, so that the encoder learns how people post.

After Devlin et al. (NAACL 2019): of 15 % of the pieces 80 % are hidden, 10 % replaced, 10 % left.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from services.sentiment.tokenizer import Tokens
from training.lessons import Lesson
from training.network import MASKED, MultiTaskNetwork

_MASK_ID = 103
_FIRST_WORD_ID = 999
"""BERT's uncased vocabulary: what comes before are special tokens and unused places."""
_SHARE = 0.15
_HIDDEN = 0.8
_REPLACED = 0.9


class MaskedLesson(Lesson):
    """Texts whose own words are the answers."""

    def __init__(self, corpus: str, rows: list[Tokens]) -> None:
        """Hold the texts."""
        super().__init__(corpus, MASKED, (), rows)

    def loss(self, network: MultiTaskNetwork, chosen: Sequence[int]) -> Tensor:
        """Return the mean cross entropy of the pieces chosen to be guessed."""
        ids, mask, types = self.inputs(network, chosen)
        guessed = (torch.rand(ids.shape, device=ids.device) < _SHARE) & (ids > _FIRST_WORD_ID)
        guessed[0, 1] = True
        fate = torch.rand(ids.shape, device=ids.device)
        words = network.encoder.config.vocab_size
        replaced = torch.where(
            fate < _HIDDEN, _MASK_ID, torch.randint(_FIRST_WORD_ID + 1, words, ids.shape, device=ids.device)
        )
        shown = torch.where(guessed & (fate < _REPLACED), replaced, ids)
        logits = network.guess(shown, mask, types, guessed)
        return nn.functional.cross_entropy(logits.float(), ids[guessed])
