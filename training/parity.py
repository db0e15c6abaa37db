"""Whether the exported graph says what the network says."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from services.sentiment.engine import Engine
from services.sentiment.model_folder import ModelFolder
from services.sentiment.tokenizer import Tokenizer
from training.encoding import encode, pad
from training.network import MultiTaskNetwork

MOST: Final[Mapping[str, float]] = {"fp32": 1e-3, "fp16": 5e-2, "int8": 2.0}
"""How far a logit, or a part of an embedding, may be from the network's own."""

TARGET: Final = "British Airways"
TEXTS: Final = (
    "I love it",
    "WORST airline EVER, 3 hours late and nobody at the desk :(",
    "@user the new phone is out on Monday, anyone going to the shop in Berlin?",
    "ok",
    "Thank you so much @user for the upgrade, you made my mother's birthday! 🎉 " * 4,
)


def largest_differences(network: MultiTaskNetwork, model: ModelFolder) -> dict[str, float]:
    """Return, by output, the largest difference of any number between `network` (in fp32) and the graph.

    Texts of several lengths are read in one batch, alone and as pairs with a target. Raises ValueError, naming
    the output, where a difference is larger than MOST allows for the graph's precision, or is no number.
    """
    tokenizer, engine = Tokenizer.of(model), Engine(model, "cpu", 0)
    differences: dict[str, float] = {}
    for targets in (None, [TARGET] * len(TEXTS)):
        tokens = encode(tokenizer, TEXTS, targets)
        answers = engine.run(tokens)
        with torch.inference_mode():
            wanted = network.float().eval()(*pad(tokens), tuple(answers))
        for name, answer in answers.items():
            rows = zip(tokens, answer, wanted[name].numpy(), strict=True)
            apart = [np.abs(_real(mine, len(row)) - _real(theirs, len(row))).max() for row, mine, theirs in rows]
            differences[name] = float(np.max([differences.get(name, 0.0), *apart]))
    most = MOST.get(model.card.precision, MOST["fp32"])
    for name, difference in differences.items():
        if not difference <= most:
            raise ValueError(f"the exported output '{name}' is {difference:.3g} from the network's, more than {most}")
    return differences


def _real(values: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Leave out what stands where a shorter text was padded."""
    return values[:length] if values.ndim > 1 else values
