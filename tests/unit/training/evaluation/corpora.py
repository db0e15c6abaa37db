"""A small data folder with the layout of the published corpora, in words that the made-up models know."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

WORDS = ("bad", "plain", "good")


def write_parquet(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    """Write columns as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(columns)), path)
    return path


def write_corpora(folder: Path, rows: int = 300) -> Path:
    """Write the corpora that the sentiment benchmarks and the checks read.

    A text of class c holds the word of c; every tenth text lies about its class, so that no contestant is
    right throughout. Of the targets, `it` is what the text says and `other` is spoken of neutrally.
    """
    classes = [row % 3 for row in range(rows)]
    said = [(c + 1) % 3 if row % 10 == 0 else c for row, c in enumerate(classes)]
    texts = [f"{WORDS[c]} post {row}" for row, c in enumerate(said)]
    for part in ("train", "val"):
        write_parquet(folder / "tweeteval" / f"sentiment_{part}.parquet", {"text": texts, "label": classes})
    polar = [row for row, c in enumerate(classes) if c != 1] * 10
    write_parquet(
        folder / "sentiment140" / "train_100k.parquet",
        {"text": [f"{texts[row]} {n}" for n, row in enumerate(polar)], "label": [classes[row] // 2 for row in polar]},
    )
    write_parquet(
        folder / "airline" / "tweets.parquet",
        {
            "text": texts,
            "name": [f"author{row}" for row in range(rows)],
            "airline_sentiment": [("negative", "neutral", "positive")[c] for c in classes],
            "airline": ["United"] * rows,
        },
    )
    targets = ["it" if row % 2 else "other" for row in range(rows)]
    names = ("Negative", "Irrelevant", "Positive")
    write_parquet(
        folder / "entity_sentiment" / "training.parquet",
        {
            "id": [str(row) for row in range(rows)],
            "entity": targets,
            "sentiment": [
                names[c] if target == "it" else "Neutral" for c, target in zip(classes, targets, strict=True)
            ],
            "content": texts,
        },
    )
    return folder


def write_entities(folder: Path) -> Path:
    """Write the development part of WNUT 17: four posts, three entities of our types."""
    posts = ["Anna flew to New York", "the Boeing 737 was late", "nothing here", "see London"]
    tags = ["B-person O O B-location I-location", "O B-product I-product O O", "O O", "O B-location"]
    return write_parquet(
        folder / "ner" / "wnut17_dev.parquet",
        {"tokens": [post.split() for post in posts], "tags": [tag.split() for tag in tags]},
    )


def write_authors(folder: Path, posts: int = 20) -> Path:
    """Write six authors of two categories with `posts` posts each, a seventh with one; all link and mention."""
    columns: dict[str, list[str]] = {"author": [], "category": [], "text": []}
    for number in range(6):
        category = ("sports", "music")[number % 2]
        for post in range(posts):
            columns["author"].append(f"author{number}")
            columns["category"].append(category)
            columns["text"].append(
                f"{'goal' if category == 'sports' else 'song'} {post} @someone https://t.co/{number}"
            )
    for name, value in (("author", "seventh"), ("category", "food"), ("text", "soup")):
        columns[name].append(value)
    return write_parquet(folder / "authors" / "twitter_accounts.parquet", columns)


def write_tweets(folder: Path) -> Path:
    """Write UMSAB's validation part: English that the models know, Spanish that they do not."""
    english = ["a bad day on the old road", "a plain day on the old road", "a good day on the old road"]
    spanish = [
        "qué día tan malo hemos tenido hoy",
        "hoy es martes y mañana será miércoles",
        "qué alegría verte otra vez",
    ]
    return write_parquet(
        folder / "langid" / "umsab_tweets_val.parquet",
        {"text": [*english, *spanish], "lang": ["en"] * 3 + ["es"] * 3, "label": [0, 1, 2] * 2},
    )
