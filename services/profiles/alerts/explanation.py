"""What is told of what carries an alert."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from services.profiles.alerts.alert_rule import AlertRule

LONGEST_NAME: Final = 200


class DeviationPart(BaseModel):
    """Something posts have in common, its `share` of the deviation, and how many posts of the hour had it.

    Shares of one kind need not add up to 1: a post has many terms, and what works against the deviation is left out.
    """

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    share: float
    posts: int


class Explanation(BaseModel):
    """What carries the deviation, the strongest first, at most five of a kind, each written by five people or more.

    `segments` are named by basis and id, such as `behaviour 2`.
    """

    model_config = ConfigDict(frozen=True)

    terms: list[DeviationPart] = []
    entities: list[DeviationPart] = []
    segments: list[DeviationPart] = []
    languages: list[DeviationPart] = []
    platforms: list[DeviationPart] = []


Explain = Callable[[AlertRule, int], Awaitable[Explanation]]
"""Says what carries the deviation of a rule's hour (Unix seconds)."""
