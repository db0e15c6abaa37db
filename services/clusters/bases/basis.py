"""What authors are compared by, and why they cannot be."""

from enum import StrEnum

from shared.analysis import Frozen
from shared.errors import VoxpopError


class CannotTrainError(VoxpopError):
    """The authors cannot be grouped; the sentence becomes the run's `error`."""


class Basis(StrEnum):
    """What authors are compared by."""

    BEHAVIOUR = "behaviour"
    INTERESTS = "interests"
    COMBINED = "combined"


class DroppedFeature(Frozen):
    """A feature that took no part, and why."""

    feature: str
    reason: str
