"""Posts as a table: those with text and analysis by hour and key, then (in Parquet) those whose key alone is left."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from services.profiles.encoding import to_embedding
from services.profiles.exporting.export import Of
from services.profiles.exporting.table import INTEGER, MOMENT, NUMBER, PROBABILITIES, TEXT, TRUTH, Columns, Table
from services.profiles.kept import KeptPost
from shared.analysis import SENTIMENT_LABELS, Classification
from shared.analyzed_post import AnalyzedPost

FIGURES: Final = {
    "followers": "followers",
    "following": "following",
    "account_posts": "posts",
    "listed": "listed",
    "age_months": "age_months",
}
TRUTHS: Final = ("verified", "protected")
HEADS: Final = ("category", "emotion")
RISKS: Final = ("offensive", "irony", "hate")
PLAIN: Final = ("platform", "voice", "text", "likes", "reposts", "replies", "is_repost", "is_reply")
_ENTITY = pa.struct([("text", TEXT), ("type", TEXT), ("start", INTEGER), ("end", INTEGER)])

SCHEMA: Final = pa.schema(
    [
        ("date", pa.date32()),
        ("hour", MOMENT),
        ("post_key", TEXT),
        ("author_key", TEXT),
        ("platform", TEXT),
        ("voice", TEXT),
        ("text", TEXT),
        ("language", TEXT),
        ("language_confidence", NUMBER),
        ("supported_language", TRUTH),
        ("label", TEXT),
        ("score", NUMBER),
        *((label, NUMBER) for label in SENTIMENT_LABELS),
        ("subjectivity", NUMBER),
        ("category", TEXT),
        ("category_score", NUMBER),
        ("emotion", TEXT),
        ("emotion_score", NUMBER),
        *((risk, NUMBER) for risk in RISKS),
        ("entities", pa.list_(_ENTITY)),
        ("truncated", TRUTH),
        *((name, INTEGER) for name in ("likes", "reposts", "replies")),
        ("is_repost", TRUTH),
        ("is_reply", TRUTH),
        *((name, INTEGER) for name in FIGURES),
        *((name, TRUTH) for name in TRUTHS),
        ("stored_at", MOMENT),
        ("key_version", INTEGER),
        ("category_probabilities", PROBABILITIES),
        ("emotion_probabilities", PROBABILITIES),
        ("embedding_version", TEXT),
        ("embedding", pa.binary()),
    ]
)


def _columns(rows: Sequence[KeptPost]) -> Columns:
    cells = [_cells(kept.post) if kept.post else {} for kept in rows]
    keys = {
        name: [getattr(kept, name) for kept in rows] for name in ("post_key", "author_key", "key_version", "stored_at")
    }
    return {name: [row.get(name) for row in cells] for name in SCHEMA.names} | keys


def _cells(post: AnalyzedPost) -> dict[str, Any]:
    seconds, analysis = int(post.hour.timestamp()), post.analysis
    cells: dict[str, Any] = {
        "date": datetime.fromtimestamp(seconds, UTC).date(),
        "hour": seconds,
        **{name: getattr(post, name) for name in PLAIN},
        **{name: getattr(post.account, figure) for name, figure in FIGURES.items()},
        **{name: getattr(post.account, name) for name in TRUTHS},
        **{risk: getattr(analysis, risk) for risk in RISKS},
        "subjectivity": analysis.subjectivity,
        "supported_language": analysis.supported_language,
        "truncated": analysis.truncated,
        "embedding_version": post.embedding_version,
        "embedding": to_embedding(post),
    }
    if analysis.language:
        cells |= {"language": analysis.language.code, "language_confidence": analysis.language.confidence}
    if analysis.sentiment:
        cells |= {"label": analysis.sentiment.label, "score": analysis.sentiment.score}
        cells.update(analysis.sentiment.probabilities.items())
    if analysis.entities is not None:
        cells["entities"] = [vars(entity) for entity in analysis.entities]
    for head in HEADS:
        cells |= _classified(head, getattr(analysis, head))
    return cells


def _classified(head: str, found: Classification | None) -> dict[str, Any]:
    if found is None:
        return {}
    probabilities = [{"label": label, "probability": share} for label, share in found.probabilities.items()]
    return {head: found.label, f"{head}_score": found.score, f"{head}_probabilities": probabilities}


POSTS: Final = Table(
    Of.POSTS,
    SCHEMA,
    _columns,
    backup=frozenset(SCHEMA.names[SCHEMA.names.index("key_version") :]),
    derived=frozenset({"date"}),
    apart="date",
)
