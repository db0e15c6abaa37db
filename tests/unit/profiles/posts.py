"""Analyzed posts for tests, told apart by small numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.analysis import Analysis, Classification, Language, Sentiment, SentimentLabel
from shared.analyzed_post import AnalyzedPost

START = datetime(2015, 2, 24, tzinfo=UTC)


def key(number: int) -> str:
    """Return a key that sorts like its number."""
    return f"{number:032x}"


def sentiment(score: float) -> Sentiment:
    """Return a sentiment with this score and the label that fits it."""
    label: SentimentLabel = "negative" if score < 0.4 else "positive" if score > 0.6 else "neutral"
    positive, negative = max(0.0, 2 * score - 1), max(0.0, 1 - 2 * score)
    neutral = 1 - positive - negative
    return Sentiment(
        label=label, score=score, probabilities={"negative": negative, "neutral": neutral, "positive": positive}
    )


def analysis(
    score: float | None = 0.5, language: str | None = "en", category: str | None = None, **more: Any
) -> Analysis:
    """Return an analysis; None leaves a feature out."""
    return Analysis(
        sentiment=None if score is None else sentiment(score),
        language=None if language is None else Language(code=language, confidence=1.0),
        category=None if category is None else Classification(label=category, score=1.0, probabilities={category: 1.0}),
        **more,
    )


def post(number: int, author: int = 1, hours: int = 0, analyzed: Analysis | None = None, **more: Any) -> AnalyzedPost:
    """Return the post of that number by that author, published `hours` after the start."""
    return AnalyzedPost(
        post_key=key(number),
        author_key=key(author),
        platform="x",
        hour=START + timedelta(hours=hours),
        analysis=analyzed or analysis(),
        **more,
    )
