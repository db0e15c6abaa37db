"""Posts as a table: those with text and analysis by hour and key, then (in Parquet) those whose key alone is left."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import pyarrow as pa
from pydantic import Field

from services.profiles.embedding import dequantised
from services.profiles.encoding import to_embedding
from services.profiles.kept import KeptPost
from services.profiles.transfer.profile_table import ACCOUNT_FIGURES, TRUTHS
from services.profiles.transfer.row import DERIVED, LATER, Hour, Moment, TableRow, Version
from services.profiles.transfer.table import Table, TableKind
from shared.analysis import SENTIMENT_LABELS, Classification
from shared.analyzed_post import AnalyzedPost, Key

_FIGURES: Final = {**ACCOUNT_FIGURES, "age_months": "age_months"}
_HEADS: Final = ("category", "emotion")
_RISKS: Final = ("offensive", "irony", "hate")
_ANALYSIS: Final = (*_RISKS, "subjectivity", "truncated", "supported_language")
_PLAIN: Final = ("platform", "voice", "text", "likes", "reposts", "replies", "is_repost", "is_reply")
_KEYS: Final = ("post_key", "author_key", "key_version", "stored_at")
_MOST_NUMBERS: Final = 4096


class EntityCell(TableRow):
    """An entity of the text."""

    text: str
    type: str
    start: int
    end: int


class ProbabilityCell(TableRow):
    """How sure a label is."""

    label: str
    probability: float


class PostRow(TableRow):
    """A post; without an hour its key alone is left. What is checked here is what `AnalyzedPost` does not check."""

    date: Annotated[Any, DERIVED, pa.date32()] = None
    hour: Hour | None
    post_key: Key
    author_key: Key | None
    platform: str | None
    voice: str | None
    text: str | None
    language: str | None
    language_confidence: float | None
    supported_language: bool | None
    label: str | None
    score: float | None
    negative: float | None
    neutral: float | None
    positive: float | None
    subjectivity: float | None
    category: str | None
    category_score: float | None
    emotion: str | None
    emotion_score: float | None
    offensive: float | None
    irony: float | None
    hate: float | None
    entities: list[EntityCell] | None
    truncated: bool | None
    likes: int | None
    reposts: int | None
    replies: int | None
    is_repost: bool | None
    is_reply: bool | None
    followers: int | None
    following: int | None
    account_posts: int | None
    listed: int | None
    age_months: int | None
    verified: bool | None
    protected: bool | None
    stored_at: Moment | None
    key_version: Version
    category_probabilities: list[ProbabilityCell] | None
    emotion_probabilities: list[ProbabilityCell] | None
    embedding_version: str | None
    embedding: Annotated[bytes, Field(min_length=1, max_length=_MOST_NUMBERS)] | None
    author_is_unknown: Annotated[bool | None, LATER] = None


def _cells(kept: KeptPost) -> dict[str, Any]:
    keys = {name: getattr(kept, name) for name in _KEYS}
    return keys if kept.post is None else _cells_of(kept.post) | keys


def _cells_of(post: AnalyzedPost) -> dict[str, Any]:
    seconds, analysis = int(post.hour.timestamp()), post.analysis
    cells: dict[str, Any] = {
        "date": datetime.fromtimestamp(seconds, UTC).date(),
        "hour": seconds,
        **{name: getattr(post, name) for name in _PLAIN},
        **{name: getattr(post.account, figure) for name, figure in _FIGURES.items()},
        **{name: getattr(post.account, name) for name in TRUTHS},
        **{name: getattr(analysis, name) for name in _ANALYSIS},
        "embedding_version": post.embedding_version,
        "embedding": to_embedding(post),
        "author_is_unknown": post.author_is_unknown,
    }
    if analysis.language:
        cells |= {"language": analysis.language.code, "language_confidence": analysis.language.confidence}
    if analysis.sentiment:
        cells |= {"label": analysis.sentiment.label, "score": analysis.sentiment.score}
        cells.update(analysis.sentiment.probabilities.items())
    if analysis.entities is not None:
        cells["entities"] = [vars(entity) for entity in analysis.entities]
    for head in _HEADS:
        cells |= _classified(head, getattr(analysis, head))
    return cells


def _classified(head: str, found: Classification | None) -> dict[str, Any]:
    if found is None:
        return {}
    probabilities = [{"label": label, "probability": share} for label, share in found.probabilities.items()]
    return {head: found.label, f"{head}_score": found.score, f"{head}_probabilities": probabilities}


def _kept(_brand: str, row: dict[str, Any]) -> KeptPost:
    read = PostRow.model_validate(row)
    if read.hour is None:
        return KeptPost(read.post_key, read.author_key, read.key_version)
    if read.stored_at is None:
        raise ValueError("stored_at: must be there where hour is")
    if read.embedding is not None and not any(read.embedding):
        raise ValueError("embedding: must have a length")
    post = AnalyzedPost.model_validate(
        {
            **{name: row[name] for name in ("post_key", "author_key", "key_version", *_PLAIN)},
            "hour": datetime.fromtimestamp(read.hour, UTC),
            "account": {figure: row[name] for name, figure in _FIGURES.items()} | {name: row[name] for name in TRUTHS},
            "analysis": _analysis(row, read.embedding),
            "embedding_version": row["embedding_version"],
            "author_is_unknown": bool(read.author_is_unknown),
        }
    )
    return KeptPost(post.post_key, post.author_key, post.key_version, read.stored_at, post)


def _analysis(row: dict[str, Any], embedding: bytes | None) -> dict[str, Any]:
    analysis: dict[str, Any] = {name: row[name] for name in (*_ANALYSIS, "entities")}
    if row["language"] is not None:
        analysis["language"] = {"code": row["language"], "confidence": row["language_confidence"]}
    if row["label"] is not None:
        probabilities = {label: row[label] for label in SENTIMENT_LABELS if row[label] is not None}
        analysis["sentiment"] = {"label": row["label"], "score": row["score"], "probabilities": probabilities}
    for head in _HEADS:
        if row[head] is not None:
            shares = row[f"{head}_probabilities"] or []
            probabilities = {share["label"]: share["probability"] for share in shares}
            analysis[head] = {"label": row[head], "score": row[f"{head}_score"], "probabilities": probabilities}
    if embedding is not None:
        analysis["embedding"] = dequantised(embedding)
    return analysis


def _key(kept: KeptPost) -> tuple[Any, ...]:
    return (False, kept.post.hour, kept.post_key) if kept.post else (True, kept.post_key)


def _embeddings(kept: KeptPost) -> Iterable[tuple[str, int]]:
    post = kept.post
    if post and post.embedding_version and post.analysis.embedding:
        yield post.embedding_version, len(post.analysis.embedding)


POSTS: Final = Table(
    TableKind.POSTS, PostRow, _cells, _kept, _key, _embeddings, backup_from="key_version", apart="date"
)
