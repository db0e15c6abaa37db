"""Profiles as numbers: one page of the feature matrix as an Arrow IPC stream."""

from collections.abc import Iterable, Sequence
from functools import partial

import pyarrow as pa

from services.profiles.folding import HOURS_A_DAY, SHOWN
from services.profiles.profile import Profile
from shared.analysis import SENTIMENT_LABELS

MEDIA_TYPE = "application/vnd.apache.arrow.stream"

_FIGURES = {"followers": "followers", "following": "following", "account_posts": "posts", "listed": "listed"}
MOST = 2**63 - 1
"""A sum beyond it is told as it: a feature is a number to compare by."""
_TRUTHS = ("verified", "protected")


def arrow_stream(profiles: Sequence[Profile]) -> bytes:
    """Return a stream with one row a profile, in the given order; null is unknown.

    Scores and subjectivities are in [0, 1], `negative`, `neutral` and `positive` count scored posts, the
    account's figures are as of the latest post that told them, `languages` counts distinct ones, `hours` has the
    posts of each UTC hour of day.
    """
    batch = pa.RecordBatch.from_pydict(_columns(profiles))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    contents: bytes = sink.getvalue().to_pybytes()
    return contents


def _columns(profiles: Sequence[Profile]) -> dict[str, pa.Array]:
    integers = partial(pa.array, type=pa.int64())
    floats = partial(pa.array, type=pa.float64())
    truths = partial(pa.array, type=pa.bool_())
    times = partial(pa.array, type=pa.timestamp("s", tz="UTC"))
    folded = [profile.folded for profile in profiles]
    hours = integers([posts for increment in folded for posts in increment.hours])
    return {
        "author_key": pa.array((profile.author_key for profile in profiles), type=pa.string()),
        **{name: integers([min(getattr(increment, name), MOST) for increment in folded]) for name in SHOWN},
        "mean_score": floats([profile.mean_score for profile in profiles]),
        "score_stddev": floats([profile.score_stddev for profile in profiles]),
        "mean_subjectivity": floats([profile.mean_subjectivity for profile in profiles]),
        **{name: integers([increment.labels.get(name, 0) for increment in folded]) for name in SENTIMENT_LABELS},
        **{name: integers([profile.figure(figure) for profile in profiles]) for name, figure in _FIGURES.items()},
        **{name: truths(_truths(profile.figure(name) for profile in profiles)) for name in _TRUTHS},
        "age_days": integers([profile.age_days for profile in profiles]),
        "first_seen": times([increment.first_seen for increment in folded]),
        "last_seen": times([increment.last_seen for increment in folded]),
        "main_language": pa.array((profile.main_language for profile in profiles), type=pa.string()),
        "languages": integers([len(increment.languages) for increment in folded]),
        "hours": pa.FixedSizeListArray.from_arrays(hours, HOURS_A_DAY),
    }


def _truths(figures: Iterable[int | None]) -> list[bool | None]:
    return [None if figure is None else bool(figure) for figure in figures]
