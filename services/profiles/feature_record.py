"""A profile's features as bytes of one length: written with each change, and read by the hundred thousand. Pure.

A page of features is made of such records by numpy, column by column; no profile is decoded for it.
"""

import math
import struct
from operator import attrgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from services.profiles.folding import HOURS_A_DAY, SHOWN
from services.profiles.profile import DAYS_A_MONTH, Profile
from shared.analysis import SENTIMENT_LABELS

FIGURES: Final = {"followers": "followers", "following": "following", "account_posts": "posts", "listed": "listed"}
"""Columns of an account's figures, and what an account calls each."""
TRUTHS: Final = ("verified", "protected")
SCORES: Final = ("mean_score", "score_stddev", "mean_subjectivity")
TIMES: Final = ("first_seen", "last_seen")
MOST: Final = 2**63 - 1
"""A sum beyond it is told as it: a feature is a number to compare by."""
_MOST_IN_AN_HOUR: Final = 2**32 - 1
_UNKNOWN: Final = -1
_NAN: Final = math.nan
_LANGUAGE_BYTES: Final = 8
_KEY_BYTES: Final = 16

RECORD: Final = np.dtype(
    [
        ("author_key", f"V{_KEY_BYTES}"),
        ("changed", "<i8"),
        *((name, "<i8") for name in (*SHOWN, *SENTIMENT_LABELS, *FIGURES, *TIMES)),
        *((name, "<f8") for name in SCORES),
        ("languages", "<u4"),
        ("hours", "<u4", (HOURS_A_DAY,)),
        ("age_months", "<i2"),
        *((name, "<i1") for name in TRUTHS),
        ("is_unknown", "<i1"),
        ("main_language", "<u8"),
    ]
)
"""The fields in their order, without gaps: NaN and -1 are unknown, a language is its letters as a number."""
_WHOLE: Final = len(SHOWN) + len(SENTIMENT_LABELS) + len(FIGURES) + len(TIMES)
_pack: Final = struct.Struct(
    f"<{_KEY_BYTES}sq{_WHOLE}q{len(SCORES)}d{1 + HOURS_A_DAY}Ih{len(TRUTHS) + 1}b{_LANGUAGE_BYTES}s"
).pack
_SMALL: Final = ("age_months", *TRUTHS)
_shown: Final = attrgetter(*SHOWN)
_times: Final = attrgetter(*TIMES)
_scores: Final = attrgetter(*SCORES)


def to_record(profile: Profile, changed: int) -> bytes:
    """Return the profile's author, the number of its last change and its features in `RECORD.itemsize` bytes."""
    folded, labels, figures = profile.folded, profile.folded.labels, profile.folded.figures
    head = (bytes.fromhex(profile.author_key), changed)
    whole = (
        *_shown(folded),
        *[labels.get(label, 0) for label in SENTIMENT_LABELS],
        *[figures[name][1] if name in figures else _UNKNOWN for name in FIGURES.values()],
        *_times(folded),
    )
    scores = [_NAN if score is None else score for score in _scores(profile)]
    small = [figures[name][1] if name in figures else _UNKNOWN for name in _SMALL]
    rest = (*small, folded.is_unknown, profile.main_language.encode())
    try:
        return _pack(*head, *whole, *scores, len(folded.languages), *folded.hours, *rest)
    except struct.error:
        hours = [min(posts, _MOST_IN_AN_HOUR) for posts in folded.hours]
        return _pack(*head, *[min(number, MOST) for number in whole], *scores, len(folded.languages), *hours, *rest)


def columns_of(records: bytes) -> dict[str, pa.Array]:
    """Return the columns of records that follow one another, in their order; null is unknown."""
    rows = np.frombuffer(records, RECORD)
    hours = pa.array(rows["hours"].astype(np.int64).ravel())
    return {
        "author_key": _keys(rows["author_key"]),
        **{name: _integers(rows[name]) for name in SHOWN},
        **{name: pa.array(np.ascontiguousarray(rows[name]), from_pandas=True) for name in SCORES},
        **{name: _integers(rows[name]) for name in SENTIMENT_LABELS},
        **{name: _known(rows[name], rows[name]) for name in FIGURES},
        **{name: _known(rows[name] > 0, rows[name]) for name in TRUTHS},
        "age_days": _known(np.rint(rows["age_months"] * DAYS_A_MONTH).astype(np.int64), rows["age_months"]),
        **{name: _integers(rows[name]).cast(pa.timestamp("s", tz="UTC")) for name in TIMES},
        "main_language": _languages(rows["main_language"]),
        "languages": pa.array(rows["languages"].astype(np.int64)),
        "hours": pa.FixedSizeListArray.from_arrays(hours, HOURS_A_DAY),
        "is_unknown": pa.array(rows["is_unknown"] > 0),
        "changed": _integers(rows["changed"]),
    }


def author_keys_of(records: bytes) -> list[str]:
    """Return the author of each of the records."""
    digits, length = np.frombuffer(records, RECORD)["author_key"].tobytes().hex(), 2 * _KEY_BYTES
    return [digits[start : start + length] for start in range(0, len(digits), length)]


def _keys(keys: NDArray[np.void]) -> pa.Array:
    """Return author keys as texts, whose digits are laid one after another without a text for each."""
    offsets = np.arange(len(keys) + 1, dtype=np.int32) * (2 * _KEY_BYTES)
    digits = keys.tobytes().hex().encode()
    return pa.StringArray.from_buffers(len(keys), pa.py_buffer(offsets), pa.py_buffer(digits))


def _integers(values: NDArray[np.int64]) -> pa.Array:
    return pa.array(np.ascontiguousarray(values))


def _known(values: NDArray[Any], told: NDArray[Any]) -> pa.Array:
    return pa.array(np.ascontiguousarray(values), mask=told < 0)


def _languages(codes: NDArray[np.uint64]) -> pa.Array:
    """Return the names, of which there are few however many rows there are."""
    found = pa.array(np.ascontiguousarray(codes)).dictionary_encode()
    names = [code.to_bytes(_LANGUAGE_BYTES, "little").rstrip(b"\0").decode() for code in found.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(found.indices)
