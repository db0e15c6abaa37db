"""What authors are compared by, who is left out of it, and why they cannot be."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.analysis import Frozen
from shared.errors import VoxpopError

Count = Annotated[int, Field(ge=0)]


class CannotTrainError(VoxpopError):
    """The authors cannot be grouped; the sentence becomes the run's `error`."""


class Basis(StrEnum):
    """What authors are compared by.

    `behaviour` are the figures of their profiles, `interests` what their posts are about, `combined` both.
    """

    BEHAVIOUR = "behaviour"
    INTERESTS = "interests"
    COMBINED = "combined"

    @property
    def reads_figures(self) -> bool:
        """Tell whether the figures of profiles are compared."""
        return self is not Basis.INTERESTS

    @property
    def reads_embeddings(self) -> bool:
        """Tell whether the embeddings of posts are compared."""
        return self is not Basis.BEHAVIOUR


class DroppedFeature(Frozen):
    """A feature that took no part, and why."""

    feature: str
    reason: str


class FilledFeature(Frozen):
    """A feature that is unknown of so many of the authors, each of whom is placed at the median of the known."""

    feature: str
    authors: Count


class LeftOut(Frozen):
    """How many of a brand's authors took no part in a run.

    `unknown_people` stand for people that the network does not name (posts found by a hashtag). The others have no
    embedding of the run's version: embeddings of two versions cannot be compared.
    """

    unknown_people: Count = 0
    without_embedding: Count = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.unknown_people + self.without_embedding
