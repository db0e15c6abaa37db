"""What is told of the movements of segments."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from services.clusters.bases.basis import Basis
from shared.analysis import Frozen
from shared.small_groups import LEAST_PEOPLE

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
People = Annotated[int, Field(ge=0)]


class Direction(StrEnum):
    """Which way a segment moved: in people, or in the mean score of what they write."""

    GREW = "grew"
    SHRANK = "shrank"
    IMPROVED = "improved"
    WORSENED = "worsened"


class Period(Frozen):
    """From `from` up to before `to`."""

    model_config = ConfigDict(populate_by_name=True)

    begins: AwareDatetime = Field(alias="from")
    ends: AwareDatetime = Field(alias="to")


class Driver(Frozen):
    """A term, or a topic by its name, that drives a change.

    `people` of the segment wrote it in the window, `people_before` in the window before; 0 also stands for fewer than
    five. `share` is how much of the change it carries: 1 is all of it. Shares overlap, as posts have several terms, and
    what others take back lets one be above 1.
    """

    name: str
    people: People
    people_before: People
    share: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Change(Frozen):
    """A change of a segment that is more than chance, in a sentence too.

    `since` tells whether two windows were compared, or the current run with the one before. `value` and
    `value_before` are people who wrote, or members at a training, or mean scores; None of fewer than five people. `p`
    is how likely chance alone makes so much of a difference. A change since the run before has no drivers: no time.
    """

    direction: Direction
    since: Literal["window", "run"]
    value: Number | None
    value_before: Number | None
    p: Share
    words: str
    terms: list[Driver] = Field(default=[])
    topics: list[Driver] = Field(default=[])


class SegmentMovement(Frozen):
    """A segment in both windows; a figure is None where it is of fewer than five people or withheld beside such a one.

    `people` are members who wrote in the window. `size` and `size_before` are members at the current run's training and
    at that of the run before, None where that run has no such segment or is not known any more.
    """

    cluster: Annotated[int, Field(ge=0)]
    name: str
    people: People | None
    people_before: People | None
    posts: People | None
    posts_before: People | None
    mean_score: Share | None
    mean_score_before: Share | None
    size: Annotated[int, Field(ge=LEAST_PEOPLE)]
    size_before: Annotated[int, Field(ge=LEAST_PEOPLE)] | None
    changes: list[Change]


class Movements(Frozen):
    """The segments of the current run, those that moved most surely first.

    Where `is_sample` the figures are of a fair sample of both windows' posts. `note` says why nothing can be told.
    """

    run_id: str
    basis: Basis
    before_run_id: str | None
    window: Period
    before: Period
    is_sample: bool
    note: str | None
    items: list[SegmentMovement]
