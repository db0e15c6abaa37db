"""How a training can end without clusters."""

from shared.errors import VoxpopError


class CannotTrainError(VoxpopError):
    """The authors cannot be grouped; the sentence becomes the run's `error`."""


class TrainingStoppedError(VoxpopError):
    """Somebody asked the training to stop between two fits."""


class LeaseLostError(VoxpopError):
    """The run is no longer ours: its lease lapsed and was taken over, or the run ended elsewhere."""
