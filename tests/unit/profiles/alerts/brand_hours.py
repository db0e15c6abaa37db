"""A stand-in for the store of profiles: the hours of brands as a test says they were."""

from dataclasses import dataclass, field

from services.profiles.rollup import Bucket, Rollup, Span, join
from shared.analyzed_post import Voice

HOUR = 3600
WEEK = 168 * HOUR


@dataclass
class BrandHours:
    """The part of `ProfileStore` that alerts read; `asked` counts the reads."""

    hours: dict[tuple[str, int, Voice], Rollup] = field(default_factory=dict)
    asked: int = 0

    def have(self, hour: int, posts: int, *, brand: str = "acme", voice: Voice = "external", negative: int = 0) -> None:
        """Say what an hour had: every post is scored 0 where it is negative, else 1."""
        self.hours[brand, hour, voice] = Rollup(
            posts=posts,
            scored_posts=posts,
            score_sum=(posts - negative) * 10**6,
            labels={"negative": negative, "positive": posts - negative},
        )

    def weeks_before(self, hour: int, posts: int, weeks: int = 4, *, brand: str = "acme", negative: int = 0) -> None:
        """Say what the same hour, the one before and the one after it had in each week before."""
        for week in range(1, weeks + 1):
            for aside in (-HOUR, 0, HOUR):
                self.have(hour - week * WEEK + aside, posts, brand=brand, negative=negative)

    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        """See `ProfileStore.rollups`."""
        assert span == "hour"
        self.asked += 1
        found: dict[int, Rollup] = {}
        for (of_brand, hour, of_voice), rollup in sorted(self.hours.items(), key=lambda item: item[0]):
            if of_brand == brand and start <= hour < end and voice in {None, of_voice}:
                found[hour] = join(found.get(hour, Rollup()), rollup)
        return [Bucket(hour, rollup) for hour, rollup in sorted(found.items())][:limit]
