"""What is known of one author towards one brand, and what is derived from it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.profiles.folding import MILLION, UNKNOWN_LANGUAGE, Counts, Increment

DAYS_A_MONTH = 365.2425 / 12

Basis = Literal["behaviour", "interests", "combined"]
"""What a run of clusters looked at."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One author's profile; `clusters` gives the published cluster for each basis."""

    brand: str
    author_key: str
    folded: Increment
    clusters: Mapping[str, int] = field(default_factory=dict)

    @property
    def mean_score(self) -> float | None:
        """Return the mean score in [0, 1]; None without scored posts."""
        return mean_of_millionths(self.folded.score_sum, self.folded.scored_posts)

    @property
    def score_stddev(self) -> float | None:
        """Return the population standard deviation of the score; None without scored posts."""
        posts = self.folded.scored_posts
        if not posts:
            return None
        # Sums of a backup that was tampered with need not fit together.
        spread = max(0, posts * self.folded.score_squares - self.folded.score_sum**2)
        return math.sqrt(spread) / posts / MILLION

    @property
    def mean_subjectivity(self) -> float | None:
        """Return the mean subjectivity in [0, 1]; None where no post has one."""
        return mean_of_millionths(self.folded.subjectivity_sum, self.folded.subjectivity_posts)

    @property
    def main_language(self) -> str:
        """Return the language of most posts; of equal ones the first by alphabet."""
        languages = self.folded.languages
        if len(languages) == 1:
            return next(iter(languages))
        return min(languages, key=lambda language: (-languages[language], language), default=UNKNOWN_LANGUAGE)

    def figure(self, name: str) -> int | None:
        """Return an account figure, None where no post told it."""
        known = self.folded.figures.get(name)
        return known[1] if known else None

    @property
    def age_days(self) -> int | None:
        """Return the account's age as of the latest post that told it; known to whole months only."""
        months = self.figure("age_months")
        return None if months is None else round(months * DAYS_A_MONTH)


@dataclass(frozen=True, slots=True)
class BrandSize:
    """How much a brand has."""

    brand: str
    profiles: int
    posts: int


@dataclass(frozen=True, slots=True)
class BrandSummary:
    """All profiles of a brand together; `score_sum` is in millionths, times are Unix seconds."""

    brand: str
    profiles: int
    posts: int
    scored_posts: int
    score_sum: int
    labels: Counts
    languages: Counts
    first_seen: int
    last_seen: int

    @property
    def mean_score(self) -> float | None:
        """Return the mean score of all scored posts, in [0, 1]; None without any."""
        return mean_of_millionths(self.score_sum, self.scored_posts)


def mean_of_millionths(total: int, count: int) -> float | None:
    """Return the mean of values in [0, 1] that were summed in millionths; None of none."""
    return total / count / MILLION if count else None
