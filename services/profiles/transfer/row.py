"""A row of a table: its fields are the columns, said once for the way out and the way back.

A field's annotation says what a value must be to be taken back, and which Arrow type the column has.
"""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from services.profiles.folding import HOUR_SECONDS, MILLION
from shared.analysis import SENTIMENT_LABELS

FIRST: Final = 0
END: Final = 32_503_680_000
"""From 1970 up to before the year 3000, in Unix seconds: all there is."""
MOMENT: Final = pa.timestamp("ms", tz="UTC")
"""The coarsest that Parquet has; our moments are whole seconds."""
MOST: Final = 2**53
"""Of posts and of their scores: beyond it no reader of JSON is exact, and what is counted later has room above it."""
MOST_INTEGER: Final = 2**62
"""Sums beyond it are written as it, since no file may fail for one; a store that takes it can count on."""
MOST_A_POST: Final = 10**12
"""Likes, reposts or replies, as `AnalyzedPost` takes them."""
DERIVED: Final = "derived"
"""Marks a column that says again what others say: written, and not read back."""
LATER: Final = "later"
"""Marks a column that files of earlier versions lack: a restore takes its default there."""
_TYPES: Final[Mapping[type, pa.DataType]] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
}

Count = Annotated[int, Field(ge=0, le=MOST)]
Posts = Annotated[int, Field(ge=1, le=MOST)]
Reactions = Annotated[int, Field(ge=0, le=MOST_INTEGER)]
"""Likes, reposts or replies of any number of posts."""
Moment = Annotated[int, Field(ge=0, lt=END), MOMENT]
"""Unix seconds."""
Hour = Annotated[int, Field(ge=0, lt=END, multiple_of=HOUR_SECONDS), MOMENT]
"""Unix seconds of a full hour."""
Version = Annotated[int, Field(ge=0, le=10**6)]
Name = Annotated[str, Field(max_length=10_000)]
DerivedCount = Annotated[int | None, DERIVED]
DerivedNumber = Annotated[float | None, DERIVED]
DerivedText = Annotated[str | None, DERIVED]
DerivedTruth = Annotated[bool | None, DERIVED]


class TableRow(BaseModel):
    """Base of the rows, and of the values nested in them: nothing is taken for something else."""

    model_config = ConfigDict(strict=True, extra="ignore", arbitrary_types_allowed=True)


class NamedPosts(TableRow):
    """A count by name."""

    name: Name
    posts: Posts


def arrow_fields(row: type[TableRow]) -> list[tuple[str, pa.DataType]]:
    """Return the columns of a row, in order."""
    return [(name, _arrow(field.annotation, field.metadata)) for name, field in row.model_fields.items()]


def _arrow(annotation: Any, metadata: Any = ()) -> pa.DataType:
    """Return the type that is given last in the metadata, else the one that the annotation means."""
    kind, arguments = get_origin(annotation), get_args(annotation)
    if given := [one for one in metadata if isinstance(one, pa.DataType)]:
        return given[-1]
    if kind is Annotated:
        return _arrow(arguments[0], arguments[1:])
    if kind in {Union, UnionType}:
        return _arrow(next(one for one in arguments if one is not NoneType))
    if kind is list:
        return pa.list_(_arrow(arguments[0]))
    if isinstance(annotation, type) and issubclass(annotation, TableRow):
        return pa.struct(arrow_fields(annotation))
    return pa.string() if kind is Literal else _TYPES[annotation]


def named_posts(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return counts by name as a cell, the largest first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "posts": posts} for name, posts in ordered]


def counts_of(named: list[NamedPosts]) -> dict[str, int]:
    """Return counts by name from a cell; raises ValueError where a name stands twice."""
    counts = {item.name: item.posts for item in named}
    if len(counts) < len(named):
        raise ValueError("a name stands twice")
    return counts


def labels_of(row: Any) -> dict[str, int]:
    """Return the counts of sentiment labels that are not zero."""
    return {label: posts for label in SENTIMENT_LABELS if (posts := getattr(row, label))}


def check_sums(row: Any) -> None:
    """Raise ValueError where scores or reactions of a row of many posts do not fit the posts that they are of."""
    check_scores(row)
    if sum(labels_of(row).values()) > row.scored_posts:
        raise ValueError("negative, neutral and positive must not be more than scored_posts")
    for name in ("likes", "reposts", "replies"):
        if getattr(row, name) > row.posts * MOST_A_POST:
            raise ValueError(f"{name} must be at most {MOST_A_POST} for each post")


def check_scores(row: Any) -> None:
    """Raise ValueError where scores do not fit the posts that they are of."""
    if row.scored_posts > row.posts:
        raise ValueError("scored_posts must be at most posts")
    if row.score_sum > row.scored_posts * MILLION:
        raise ValueError("score_sum must be at most a million for each scored post")
