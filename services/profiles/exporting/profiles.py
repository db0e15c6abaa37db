"""Profiles as a table: one row an author, by author. Hours in `figures` are Unix seconds."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from services.profiles.exporting.export import Of
from services.profiles.exporting.table import COUNTS, INTEGER, MOMENT, NUMBER, TEXT, TRUTH, Columns, Table, counts
from services.profiles.kept import KeptProfile
from services.profiles.profile import Profile
from shared.analysis import SENTIMENT_LABELS

_PLAIN = ("likes", "reposts", "replies", "repost_posts", "reply_posts")
_FIGURES = {"followers": "followers", "following": "following", "account_posts": "posts", "listed": "listed"}
_TRUTHS = ("verified", "protected")
BASES: Final = ("behaviour", "interests", "combined")

SCHEMA: Final = pa.schema(
    [
        ("author_key", TEXT),
        ("platform", TEXT),
        ("posts", INTEGER),
        ("scored_posts", INTEGER),
        ("mean_score", NUMBER),
        ("score_stddev", NUMBER),
        ("mean_subjectivity", NUMBER),
        *((label, INTEGER) for label in SENTIMENT_LABELS),
        ("main_language", TEXT),
        ("languages", COUNTS),
        ("categories", COUNTS),
        *((name, INTEGER) for name in _PLAIN),
        ("hours", pa.list_(INTEGER)),
        *((name, INTEGER) for name in _FIGURES),
        *((name, TRUTH) for name in _TRUTHS),
        ("age_days", INTEGER),
        ("first_seen", MOMENT),
        ("last_seen", MOMENT),
        *((f"cluster_{basis}", pa.int32()) for basis in BASES),
        ("key_version", INTEGER),
        ("score_sum", INTEGER),
        # Ten million posts of one author are more than 64 bits of millionths squared.
        ("score_squares", pa.decimal128(38, 0)),
        ("subjectivity_posts", INTEGER),
        ("subjectivity_sum", INTEGER),
        ("figures", pa.list_(pa.struct([("name", TEXT), ("hour", INTEGER), ("value", INTEGER)]))),
        ("embeddings", pa.list_(pa.struct([("version", TEXT), ("posts", INTEGER), ("sums", pa.binary())]))),
        ("remnants", INTEGER),
    ]
)


def _columns(rows: Sequence[KeptProfile]) -> Columns:
    profiles = [kept.profile for kept in rows]
    folded = [profile.folded for profile in profiles]
    truths = {name: [profile.figure(name) for profile in profiles] for name in _TRUTHS}
    return {
        "author_key": [profile.author_key for profile in profiles],
        **{
            name: [getattr(one, name) for one in folded]
            for name in ("platform", "posts", "scored_posts", *_PLAIN, "hours", "first_seen", "last_seen")
        },
        **{
            name: [getattr(one, name) for one in folded]
            for name in ("key_version", "score_sum", "score_squares", "subjectivity_posts", "subjectivity_sum")
        },
        **{
            name: [getattr(profile, name) for profile in profiles]
            for name in ("mean_score", "score_stddev", "mean_subjectivity", "main_language", "age_days")
        },
        **{label: [one.labels.get(label, 0) for one in folded] for label in SENTIMENT_LABELS},
        "languages": [counts(one.languages) for one in folded],
        "categories": [counts(one.categories) for one in folded],
        **{name: [profile.figure(figure) for profile in profiles] for name, figure in _FIGURES.items()},
        **{name: [None if value is None else bool(value) for value in values] for name, values in truths.items()},
        **{f"cluster_{basis}": [profile.clusters.get(basis) for profile in profiles] for basis in BASES},
        "figures": [_figures(profile) for profile in profiles],
        "embeddings": [
            [
                {"version": version, "posts": total.posts, "sums": total.sums}
                for version, total in sorted(one.embeddings.items())
            ]
            for one in folded
        ],
        "remnants": [kept.remnants for kept in rows],
    }


def _figures(profile: Profile) -> list[dict[str, object]]:
    figures = sorted(profile.folded.figures.items())
    return [{"name": name, "hour": hour, "value": value} for name, (hour, value) in figures]


PROFILES: Final = Table(
    Of.PROFILES,
    SCHEMA,
    _columns,
    backup=frozenset(SCHEMA.names[SCHEMA.names.index("key_version") :]),
    derived=frozenset(
        {"mean_score", "score_stddev", "mean_subjectivity", "main_language", "age_days", *_FIGURES, *_TRUTHS}
    ),
)
"""A restore reads account figures with their hours from `figures`."""
