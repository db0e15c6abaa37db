"""What is told of aspects."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field

from services.clusters.bases.basis import Basis
from shared.analysis import Frozen
from shared.small_groups import LEAST_PEOPLE

Posts = Annotated[int, Field(ge=0)]


class AspectKind(StrEnum):
    """Where an aspect comes from: words and entities of posts, or the labels of the category set."""

    TERMS = "terms"
    CATEGORY = "category"


class Verdict(StrEnum):
    """More people praise it, more blame it, or neither is more than chance."""

    PRAISED = "praised"
    BLAMED = "blamed"
    MIXED = "mixed"


class AspectExample(Frozen):
    """A cleaned post about an aspect, without its author."""

    post_key: str
    text: str
    language: str | None


class JudgedAspect(Frozen):
    """Something that people write about, and how.

    `terms` mean alike; `name` is the one of most people. `mean_score` is the mean sentiment in [0, 1] of the posts
    about it, `positive`, `negative` and `neutral` count them; None where fewer than five people wrote such, or withheld
    beside one. `trend` is the mean score of the later half of the window less that of the earlier half, None where
    either is of fewer than five people.
    """

    name: str
    kind: AspectKind
    terms: list[str]
    posts: Annotated[int, Field(ge=LEAST_PEOPLE)]
    people: Annotated[int, Field(ge=LEAST_PEOPLE)]
    verdict: Verdict
    mean_score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    positive: Posts | None
    negative: Posts | None
    neutral: Posts | None
    trend: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | None
    examples: list[AspectExample] = Field(default=[])


class Aspects(Frozen):
    """The aspects of a brand or of one of its segments, those of most people first.

    `run_id` is that of the segments, None for the whole brand. Where `is_sample` the figures are of a fair sample of
    the posts. `note` says why there are none.
    """

    model_config = ConfigDict(populate_by_name=True)

    cluster: int | None
    basis: Basis | None
    run_id: str | None
    begins: AwareDatetime = Field(alias="from")
    ends: AwareDatetime = Field(alias="to")
    is_sample: bool
    note: str | None
    items: list[JudgedAspect]
