"""The kinds of author in the sample: how each posts, and what its accounts look like."""

from dataclasses import dataclass
from typing import Final

Weights = tuple[tuple[str, float], ...]

_EVERYWHERE: Final[Weights] = (("x", 5), ("bluesky", 2), ("mastodon", 1), ("instagram", 1))


@dataclass(frozen=True)
class Kind:
    """What the authors of one kind share.

    Pairs of numbers are the least and most (posts, flight hours) or the median and spread of a log-normal
    draw (followers, following, history of posts, likes). Shares and chances lie in [0, 1]; hours are UTC.
    `incident` marks those who post because of the one baggage failure, `by_handle` those who call airlines by
    handle rather than by plain name.
    """

    name: str
    authors: int
    posts: tuple[int, int]
    moods: Weights
    peak_hour: float
    hour_spread: float
    weekend_weight: float
    flight_hours: tuple[int, int]
    followers: tuple[float, float]
    following: tuple[float, float]
    history: tuple[float, float]
    listed_share: float
    likes: tuple[float, float]
    verified: float
    platforms: Weights = _EVERYWHERE
    english: float = 0.73
    protected: float = 0.01
    long_share: float = 0.1
    emoji: float = 0.2
    tags: float = 0.15
    typos: float = 0.08
    lowercase: float = 0.08
    shouting: float = 0.0
    replying: float = 0.0
    incident: bool = False
    by_handle: bool = True


KINDS: Final = (
    Kind(
        name="flyer", authors=46, posts=(9, 16), moods=(("negative", 0.6), ("neutral", 0.24), ("positive", 0.16)),
        peak_hour=7.2, hour_spread=1.6, weekend_weight=0.12, flight_hours=(6, 9),
        followers=(900, 0.8), following=(620, 0.6), history=(9500, 0.7), listed_share=0.012, likes=(2.0, 1.0),
        verified=0.3, platforms=(("x", 7), ("bluesky", 2), ("mastodon", 1)), replying=0.05,
    ),
    Kind(
        name="holiday", authors=82, posts=(2, 5), moods=(("positive", 0.84), ("neutral", 0.11), ("negative", 0.05)),
        peak_hour=14.0, hour_spread=3.4, weekend_weight=6.0, flight_hours=(8, 17),
        followers=(260, 0.9), following=(340, 0.7), history=(850, 1.0), listed_share=0.002, likes=(7.0, 0.9),
        verified=0.03, platforms=(("instagram", 5), ("x", 3), ("bluesky", 2)), protected=0.06,
        emoji=0.6, tags=0.4, typos=0.1, lowercase=0.14, shouting=0.02,
    ),
    Kind(
        name="stranded", authors=66, posts=(2, 6), moods=(("negative", 0.95), ("neutral", 0.05)),
        peak_hour=20.3, hour_spread=1.8, weekend_weight=1.0, flight_hours=(15, 19),
        followers=(130, 1.0), following=(290, 0.8), history=(520, 1.1), listed_share=0.001, likes=(9.0, 1.2),
        verified=0.03, platforms=(("x", 7), ("bluesky", 1), ("instagram", 1), ("mastodon", 1)),
        protected=0.03, long_share=0.2, emoji=0.25, tags=0.25, typos=0.16, lowercase=0.16, shouting=0.1,
        replying=0.2, incident=True,
    ),
    Kind(
        name="spotter", authors=28, posts=(11, 21), moods=(("neutral", 0.85), ("positive", 0.12), ("negative", 0.03)),
        peak_hour=12.5, hour_spread=3.2, weekend_weight=1.4, flight_hours=(8, 16),
        followers=(2600, 0.9), following=(1100, 0.6), history=(26000, 0.7), listed_share=0.045, likes=(22.0, 0.9),
        verified=0.12, platforms=(("mastodon", 4), ("bluesky", 3), ("x", 4)), emoji=0.1, tags=0.5,
        typos=0.02, lowercase=0.0,
    ),
    Kind(
        name="news", authors=16, posts=(10, 20), moods=(("neutral", 0.9), ("positive", 0.1)),
        peak_hour=10.0, hour_spread=2.4, weekend_weight=0.5, flight_hours=(8, 16),
        followers=(64000, 1.1), following=(240, 0.9), history=(41000, 0.6), listed_share=0.014, likes=(85.0, 1.0),
        verified=0.9, platforms=(("x", 7), ("bluesky", 2), ("mastodon", 1)), protected=0.0,
        long_share=0.06, emoji=0.08, tags=0.3, typos=0.0, lowercase=0.0, by_handle=False,
    ),
    Kind(
        name="asker", authors=62, posts=(1, 3), moods=(("neutral", 0.9), ("positive", 0.1)),
        peak_hour=16.5, hour_spread=3.6, weekend_weight=0.9, flight_hours=(6, 18),
        followers=(75, 0.9), following=(180, 0.8), history=(160, 1.1), listed_share=0.0, likes=(0.7, 0.8),
        verified=0.02, protected=0.08, long_share=0.1, emoji=0.1, tags=0.04, typos=0.08,
        lowercase=0.12, replying=0.08,
    ),
)  # fmt: skip
