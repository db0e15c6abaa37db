"""Rows of posts.parquet, checked."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from services.profiles.embedding import dequantised
from services.profiles.exporting.posts import FIGURES, HEADS, PLAIN, RISKS, TRUTHS
from services.profiles.importing.fields import Hour, Moment, Row, Version
from services.profiles.kept import KeptPost
from shared.analysis import SENTIMENT_LABELS
from shared.analyzed_post import AnalyzedPost, Key

_MOST_NUMBERS = 4096


class _BareRow(Row):
    post_key: Key
    author_key: Key | None
    key_version: Version


class _DatedRow(Row):
    hour: Hour
    stored_at: Moment
    embedding: Annotated[bytes, Field(min_length=1, max_length=_MOST_NUMBERS)] | None


def post_of(row: dict[str, Any]) -> KeptPost:
    """Return the post that a row holds; raises ValueError, with a sentence that quotes nothing of it."""
    if row["hour"] is None:
        bare = _BareRow.model_validate(row)
        return KeptPost(bare.post_key, bare.author_key, bare.key_version)
    dated = _DatedRow.model_validate(row)
    if dated.embedding is not None and not any(dated.embedding):
        raise ValueError("embedding: must have a length")
    post = AnalyzedPost.model_validate(
        {
            **{name: row[name] for name in ("post_key", "author_key", "key_version", *PLAIN)},
            "hour": datetime.fromtimestamp(dated.hour, UTC),
            "account": {figure: row[name] for name, figure in FIGURES.items()} | {name: row[name] for name in TRUTHS},
            "analysis": _analysis(row, dated.embedding),
            "embedding_version": row["embedding_version"],
        }
    )
    return KeptPost(post.post_key, post.author_key, post.key_version, dated.stored_at, post)


def _analysis(row: dict[str, Any], embedding: bytes | None) -> dict[str, Any]:
    analysis: dict[str, Any] = {
        name: row[name] for name in (*RISKS, "subjectivity", "entities", "truncated", "supported_language")
    }
    if row["language"] is not None:
        analysis["language"] = {"code": row["language"], "confidence": row["language_confidence"]}
    if row["label"] is not None:
        probabilities = {label: row[label] for label in SENTIMENT_LABELS if row[label] is not None}
        analysis["sentiment"] = {"label": row["label"], "score": row["score"], "probabilities": probabilities}
    for head in HEADS:
        if row[head] is not None:
            shares = row[f"{head}_probabilities"] or []
            probabilities = {share["label"]: share["probability"] for share in shares}
            analysis[head] = {"label": row[head], "score": row[f"{head}_score"], "probabilities": probabilities}
    if embedding is not None:
        analysis["embedding"] = dequantised(embedding)
    return analysis
