"""What a training needs to go on after a break: weights, optimiser, schedule, average, random state, step."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
import torch

from training.network import MultiTaskNetwork
from training.recipe import Recipe

log = structlog.get_logger(__name__)

FILE = "checkpoint.pt"


class Checkpoint:
    """A file of one training; what another recipe left there is refused, not overwritten."""

    def __init__(self, folder: Path, recipe: Recipe, rows: Mapping[str, int]) -> None:
        """Keep the checkpoint in `folder`, bound to the whole recipe and the number of rows of each corpus."""
        self._path = folder / FILE
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
