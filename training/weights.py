"""Trained weights in a file, with the names of what each head answers: all that an export needs."""

from collections.abc import Mapping
from pathlib import Path

import torch

from training.network import MultiTaskNetwork
from training.recipe import Recipe

FILE = "weights.pt"


def save_weights(
    network: MultiTaskNetwork, labels: Mapping[str, tuple[str, ...]], recipe: Recipe, folder: Path
) -> None:
    """Write the weights, each head's labels and the whole recipe: beside, then in place of the old file."""
    beside = folder / f"{FILE}.part"
    plain = {"labels": {head: list(names) for head, names in labels.items()}, "recipe": recipe.model_dump_json()}
    torch.save({**plain, "network": network.state_dict()}, beside)
    beside.replace(folder / FILE)


def load_weights(folder: Path, encoder: Path) -> tuple[MultiTaskNetwork, dict[str, tuple[str, ...]], Recipe]:
    """Return the network that `save_weights` wrote, on the CPU, each head's labels, and the recipe it was trained by.

    Raises ValueError where the file is missing, damaged or of another architecture than `encoder`'s.
    """
    path = folder / FILE
    try:
        saved = torch.load(path, weights_only=True, map_location="cpu")
        labels = {head: tuple(names) for head, names in saved["labels"].items()}
        recipe = Recipe.model_validate_json(saved["recipe"])
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; train first, or give the --work folder of that training") from None
    except Exception as error:
        # torch, pickle and zipfile each raise exceptions of their own for a damaged file.
        raise ValueError(f"{path} is damaged or holds no weights of voxpop; train anew") from error
    network = MultiTaskNetwork(encoder, {head: len(names) for head, names in labels.items()})
    try:
        network.load_state_dict(saved["network"])
    except RuntimeError:
        raise ValueError(f"{path} is of another architecture; train anew") from None
    return network, labels, recipe
