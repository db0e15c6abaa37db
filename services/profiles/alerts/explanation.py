"""What is told of what carries an alert."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from services.profiles.alerts.alert_rule import AlertRule, Direction

LONGEST_NAME: Final = 200


class DeviationPart(BaseModel):
    """Something posts have in common, its `share` of the deviation, and how many posts of the hour had it.

    `posts` is None where fewer than five people wrote them; a segment's is of the authors who were looked up.
    Shares of one kind need not add up to 1: a post has many terms, and what works against the deviation is left out.
    """

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    share: float
    posts: int | None


class Explanation(BaseModel):
    """What carries the deviation, the strongest first, at most five of a kind.

    Each was written by five people or more in the hour, or in the weeks before. Empty where there is nothing to compare
    with, as once the texts are gone. `segments` are named by basis and id, such as `behaviour 2`.
    """

    model_config = ConfigDict(frozen=True)

    terms: list[DeviationPart] = []
    entities: list[DeviationPart] = []
    segments: list[DeviationPart] = []
    languages: list[DeviationPart] = []
    platforms: list[DeviationPart] = []


Explain = Callable[[AlertRule, int, Direction], Awaitable[Explanation]]
"""Says what carries the deviation of a rule's hour (Unix seconds) in a direction."""
