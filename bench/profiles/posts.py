"""Made-up analyzed posts of the size and variety of real ones: text, entities, an embedding of 384 numbers."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from shared.analysis import Analysis, Classification, Entity, Language, Sentiment, SentimentLabel
from shared.analyzed_post import Account, AnalyzedPost

START = datetime(2026, 1, 1, tzinfo=UTC)
SENTENCE = "the flight was late again and nobody at the gate told us why thanks for nothing @user http"
WORDS = SENTENCE.split(" ")
LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")
DIMENSIONS = 384
HOURS_A_BATCH = 3


def batches(posts: int, size: int, authors: int, seed: int = 0) -> Iterator[list[AnalyzedPost]]:
    """Yield batches in the order of time: each of posts of a few hours, by authors of whom few post much."""
    rng = random.Random(seed)  # noqa: S311 - reproducible numbers, no secrets
    vectors = np.random.default_rng(seed).normal(size=(64, DIMENSIONS)).round(4)
    for start in range(0, posts, size):
        day = START + timedelta(hours=start // size * HOURS_A_BATCH)
        yield [
            _post(number, rng, day, authors, vectors[number % 64].tolist())
            for number in range(start, min(posts, start + size))
        ]


def _post(number: int, rng: random.Random, day: datetime, authors: int, embedding: list[float]) -> AnalyzedPost:
    score = rng.random()
    label = LABELS[min(2, int(score * 3))]
    author = int(authors * rng.random() ** 2)
    return AnalyzedPost.model_construct(
        post_key=f"{rng.getrandbits(128):032x}",
        author_key=f"{(author + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}",
        key_version=1,
        platform="x",
        hour=day + timedelta(hours=rng.randrange(HOURS_A_BATCH)),
        analysis=Analysis.model_construct(
            sentiment=Sentiment.model_construct(
                label=label, score=round(score, 6), probabilities={"negative": 0.2, "neutral": 0.3, "positive": 0.5}
            ),
            subjectivity=round(rng.random(), 6),
            language=Language.model_construct(code=rng.choice(("en", "en", "en", "es", "de")), confidence=0.98),
            entities=[Entity.model_construct(text="Aerolume", type="organisation", start=4, end=12)],
            category=Classification.model_construct(
                label=rng.choice(("Baggage Issue", "Delay", "Crew")), score=0.7, probabilities={"Delay": 0.7}
            ),
            embedding=embedding,
        ),
        account=Account.model_construct(followers=round(10 ** (rng.random() * 5)), verified=False, age_months=40),
        likes=rng.randrange(20),
        text=" ".join(rng.choices(WORDS, k=18)) + f" {number}",
        embedding_version="bench@1",
    )
