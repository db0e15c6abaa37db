"""What a brand's hours are watched for, and how far a rule has got."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.analyzed_post import Voice
from shared.brand import Brand
from shared.strict_body import StrictBody

MOST_RULES: Final = 100
"""Rules of a brand."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""The name of a rule or of a webhook."""
Metric = Literal["posts", "mean_score", "negative_share"]
Direction = Literal["above", "below"]
State = Literal["learning", "watching"]


class AlertRuleBody(StrictBody):
    """A rule as it is put.

    Attributes:
        metric: what of an hour is looked at: `posts` counts them, `mean_score` in [0, 1] and `negative_share` in
            [0, 1] are over its scored posts.
        direction: whether hours above what is expected are raised, hours below, or both.
        threshold: from which robust z-score on an hour is raised; 3.5 is what Iglewicz and Hoaglin (1993) advise.
        min_posts: an hour counts for the scores from so many scored posts on; for `posts`, the hour or what was
            expected of it must reach it.
        weeks: how many weeks before are looked at.
        voice: posts of the brand's own accounts (`internal`), of the others, or (None) both.
        webhook: where an alert is delivered; None for nowhere, then it is listed alone.
        quiet_hours: for how many hours after one that was raised no other is raised by this rule in the same direction.
    """

    model_config = ConfigDict(frozen=True)

    metric: Metric
    direction: Literal["above", "below", "both"] = "both"
    threshold: Annotated[float, Field(ge=1, le=20, allow_inf_nan=False)] = 3.5
    min_posts: Annotated[int, Field(ge=1, le=10**6)] = 10
    weeks: Annotated[int, Field(ge=2, le=12)] = 4
    voice: Voice | None = None
    webhook: Slug | None = None
    quiet_hours: Annotated[int, Field(ge=0, le=168)] = 6


class AlertRule(AlertRuleBody):
    """A rule of a brand."""

    brand: Brand
    name: Slug


class Standing(BaseModel):
    """How far a rule has got; hours are Unix seconds of their beginning.

    `judged` is the last hour that was judged, and is never judged again. `missing` says what a learning rule lacks.
    `raised` is the last hour that was raised, by direction.
    """

    model_config = ConfigDict(frozen=True)

    judged: int
    state: State = "learning"
    missing: str | None = "no hour was judged yet"
    raised: dict[Direction, int] = {}

    @property
    def judged_at(self) -> datetime:
        """Return when the last judged hour begins."""
        return datetime.fromtimestamp(self.judged, UTC)


class KeptRule(BaseModel):
    """A rule with its standing."""

    model_config = ConfigDict(frozen=True)

    rule: AlertRule
    standing: Standing
