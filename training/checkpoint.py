"""What a training leaves in files: a checkpoint to go on from after a break, and at the end the trained weights."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import structlog
import torch

from training.multi_task_network import MultiTaskNetwork
from training.recipe import Recipe

log = structlog.get_logger(__name__)

CHECKPOINT: Final = "checkpoint.pt"
WEIGHTS: Final = "weights.pt"


class Checkpoint:
    """Weights, optimiser, schedule, average, random state and step of one training.

    What another recipe left in the file is refused, not overwritten.
    """

    def __init__(self, folder: Path, recipe: Recipe, rows: Mapping[str, int]) -> None:
        """Keep the checkpoint in `folder`, bound to the whole recipe and the number of rows of each corpus."""
        self._path = folder / CHECKPOINT
        self._recipe = hashlib.sha256(f"{recipe.model_dump_json()}{sorted(rows.items())}".encode()).hexdigest()

    def save(self, step: int, network: MultiTaskNetwork, optimizer: Any, schedule: Any, average: Any) -> None:
        """Write everything after `step` steps: beside the old file, then in its place."""
        beside = self._path.with_suffix(".part")
        torch.save(
            {
                "recipe": self._recipe,
                "step": step,
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "average": average,
                "random": torch.get_rng_state(),
                "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            },
            beside,
        )
        beside.replace(self._path)

    def restore(self, network: MultiTaskNetwork, optimizer: Any, schedule: Any, average: dict[str, Any]) -> int:
        """Load what was saved into the arguments and return the step; 0 where nothing was saved.

        Raises ValueError where the file is damaged, of another recipe or of another architecture.
        """
        if not self._path.exists():
            return 0
        try:
            saved = torch.load(self._path, weights_only=True, map_location=network.device)
        except Exception as error:
            # torch, pickle and zipfile each raise exceptions of their own for a damaged file.
            raise ValueError(f"{self._path} is damaged; remove it to begin anew") from error
        if not isinstance(saved, dict) or saved.get("recipe") != self._recipe:
            raise ValueError(
                f"{self._path} belongs to another recipe or other data; remove it or give another --work folder"
            )
        try:
            network.load_state_dict(saved["network"])
        except RuntimeError:
            raise ValueError(f"{self._path} is of another architecture; remove it to begin anew") from None
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        average.update(saved["average"])
        torch.set_rng_state(saved["random"].cpu())
        if len(saved["random_cuda"]) == torch.cuda.device_count() > 0:
            torch.cuda.set_rng_state_all([state.cpu() for state in saved["random_cuda"]])
        log.info("training.resumed", step=saved["step"])
        return int(saved["step"])


def save_weights(
    network: MultiTaskNetwork, labels: Mapping[str, tuple[str, ...]], recipe: Recipe, folder: Path
) -> None:
    """Write the weights, each head's labels and the whole recipe: beside, then in place of the old file."""
    beside = folder / f"{WEIGHTS}.part"
    plain = {"labels": {head: list(names) for head, names in labels.items()}, "recipe": recipe.model_dump_json()}
    torch.save({**plain, "network": network.state_dict()}, beside)
    beside.replace(folder / WEIGHTS)


def load_weights(folder: Path, encoder: Path) -> tuple[MultiTaskNetwork, dict[str, tuple[str, ...]], Recipe]:
    """Return the network that `save_weights` wrote, on the CPU, each head's labels, and the recipe it was trained by.

    Raises ValueError where the file is missing, damaged or of another architecture than `encoder`'s.
    """
    path = folder / WEIGHTS
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
