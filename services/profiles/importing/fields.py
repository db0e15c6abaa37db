"""What values of a backup must be; a row is checked as a whole by the model of its table."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.profiles.exporting.export import END
from services.profiles.exporting.table import MOST_INTEGER
from services.profiles.folding import HOUR_SECONDS, MILLION

MOST = 2**53
"""Of posts and of their scores: beyond it no reader of JSON is exact, and what is counted later has room above it."""
MOST_A_POST = 10**12
"""Likes, reposts or replies, as `AnalyzedPost` takes them."""
Count = Annotated[int, Field(ge=0, le=MOST)]
Posts = Annotated[int, Field(ge=1, le=MOST)]
Reactions = Annotated[int, Field(ge=0, le=MOST_INTEGER)]
"""Likes, reposts or replies of any number of posts."""
Moment = Annotated[int, Field(ge=0, lt=END)]
"""Unix seconds."""
Hour = Annotated[int, Field(ge=0, lt=END, multiple_of=HOUR_SECONDS)]
"""Unix seconds of a full hour."""
Version = Annotated[int, Field(ge=0, le=10**6)]
Name = Annotated[str, Field(max_length=10_000)]


class Row(BaseModel):
    """Base of the rows: nothing is taken for something else."""

    model_config = ConfigDict(strict=True, extra="ignore")


class NamedPosts(Row):
    """A count by name."""

    name: Name
    posts: Posts


def counted(named: list[NamedPosts]) -> dict[str, int]:
    """Return counts by name; raises ValueError where a name stands twice."""
    counts = {item.name: item.posts for item in named}
    if len(counts) < len(named):
        raise ValueError("a name stands twice")
    return counts


def labels_of(row: Any) -> dict[str, int]:
    """Return the counts of sentiment labels that are not nought."""
    counts = {"negative": row.negative, "neutral": row.neutral, "positive": row.positive}
    return {label: posts for label, posts in counts.items() if posts}


def check_scores(posts: int, scored_posts: int, score_sum: int, labels: dict[str, int]) -> None:
    """Raise ValueError where scores do not fit the posts that they are of."""
    if scored_posts > posts:
        raise ValueError("scored_posts must be at most posts")
    if score_sum > scored_posts * MILLION:
        raise ValueError("score_sum must be at most a million for each scored post")
    if sum(labels.values()) > scored_posts:
        raise ValueError("negative, neutral and positive must not be more than scored_posts")


def check_reactions(row: Any) -> None:
    """Raise ValueError where likes, reposts or replies are more than so many posts can have."""
    for name in ("likes", "reposts", "replies"):
        if getattr(row, name) > row.posts * MOST_A_POST:
            raise ValueError(f"{name} must be at most {MOST_A_POST} for each post")
