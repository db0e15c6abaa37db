"""Profiles and brands as the API shows them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import BaseModel

from services.profiles.profile import Profile
from shared.analysis import SENTIMENT_LABELS, SentimentLabel

Labels = dict[SentimentLabel, int]


class AccountView(BaseModel):
    """Account figures as of the latest post that told each; null is unknown."""

    followers: int | None
    following: int | None
    posts: int | None
    listed: int | None
    verified: bool | None
    protected: bool | None
    age_days: int | None


class ProfileView(BaseModel):
    """A profile. Scores are in [0, 1]; `labels` counts scored posts; `clusters` is by basis."""

    author_key: str
    platform: str
    brand: str
    posts: int
    scored_posts: int
    mean_score: float | None
    score_stddev: float | None
    mean_subjectivity: float | None
    labels: Labels
    languages: dict[str, int]
    categories: dict[str, int]
    likes: int
    reposts: int
    replies: int
    repost_posts: int
    reply_posts: int
    hours: list[int]
    account: AccountView
    first_seen: datetime
    last_seen: datetime
    clusters: dict[str, int]


class BrandView(BaseModel):
    """How much a brand has."""

    brand: str
    profiles: int
    posts: int


def view_profile(profile: Profile) -> ProfileView:
    """Return the profile as it is shown."""
    folded = profile.folded
    return ProfileView(
        author_key=profile.author_key,
        platform=folded.platform,
        brand=profile.brand,
        posts=folded.posts,
        scored_posts=folded.scored_posts,
        mean_score=profile.mean_score,
        score_stddev=profile.score_stddev,
        mean_subjectivity=profile.mean_subjectivity,
        labels=view_labels(folded.labels),
        languages=by_posts(folded.languages),
        categories=by_posts(folded.categories),
        likes=folded.likes,
        reposts=folded.reposts,
        replies=folded.replies,
        repost_posts=folded.repost_posts,
        reply_posts=folded.reply_posts,
        hours=list(folded.hours),
        account=_view_account(profile),
        first_seen=view_time(folded.first_seen),
        last_seen=view_time(folded.last_seen),
        clusters=dict(profile.clusters),
    )


def view_labels(counts: Mapping[str, int]) -> Labels:
    """Return the posts of every label, those without any too."""
    return {label: counts.get(label, 0) for label in SENTIMENT_LABELS}


def by_posts(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts with the largest first; of equal ones the first by alphabet."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def view_time(seconds: int) -> datetime:
    """Return a time of Unix seconds as it is shown."""
    return datetime.fromtimestamp(seconds, UTC)


def _view_account(profile: Profile) -> AccountView:
    verified, protected = profile.figure("verified"), profile.figure("protected")
    return AccountView(
        followers=profile.figure("followers"),
        following=profile.figure("following"),
        posts=profile.figure("posts"),
        listed=profile.figure("listed"),
        verified=None if verified is None else bool(verified),
        protected=None if protected is None else bool(protected),
        age_days=profile.age_days,
    )
