"""The largest bodies that clients may rightly send, which must not hold a service either."""

import json
from collections.abc import Iterator
from typing import Any

BRAND = "largest"


def large_bodies() -> Iterator[tuple[str, str, bytes]]:
    """Yield method, path and body, in an order in which each finds what it needs."""
    keys = [f"{number:032x}" for number in range(10_000)]
    profiles = f"/profiles/v1/brands/{BRAND}"
    for method, path, body in (
        ("POST", f"{profiles}/posts", {"schema_version": 1, "posts": [_analyzed(key) for key in keys[:1000]]}),
        ("POST", f"{profiles}/posts/counted", {"post_keys": keys[:1000]}),
        ("POST", f"{profiles}/removals", {"schema_version": 1, "removals": [_removal(key) for key in keys[5000:6000]]}),
        ("PUT", f"{profiles}/assignments/run-1", {"basis": "behaviour", "items": [_assignment(key) for key in keys]}),
        ("POST", "/ingest/v1/posts", {"brand": BRAND, "posts": [_undated(key) for key in keys[:1000]]}),
        ("PUT", f"/ingest/v1/brands/{BRAND}", _brand()),
        (
            "POST",
            "/sentiment/v1/analyze",
            {"texts": [_words(key, 10_000) for key in keys[:512]], "features": ["language"]},
        ),
        ("POST", "/sentiment/v1/analyze", {"texts": ["00 1" * 2500, "123 " * 2500], "features": ["language"]}),
        ("PUT", "/sentiment/v1/categories/largest", {"examples": [_example(key) for key in keys * 2]}),
    ):
        yield method, path, json.dumps(body).encode()


def _words(key: str, characters: int) -> str:
    return f"the gate {key} was closed, and no one knew: " * (characters // 80)


def _analyzed(key: str) -> dict[str, Any]:
    seed = int(key, 16)
    return {
        "post_key": key,
        "author_key": key,
        "platform": "x",
        "hour": "2026-03-01T10:00:00Z",
        "text": _words(key, 1500),
        "embedding_version": "one",
        "analysis": {
            "sentiment": {"label": "negative", "score": 0.1, "probabilities": {"negative": 0.8, "neutral": 0.2}},
            "language": {"code": "en", "confidence": 0.99},
            "entities": [
                {"text": f"gate {place}", "type": "location", "start": place, "end": place + 6} for place in range(8)
            ],
            "embedding": [round(((seed + place) * 7919 % 1000 - 500) / 5000, 6) for place in range(384)],
        },
    }


def _removal(key: str) -> dict[str, Any]:
    return {"post_key": key, "reason": "deleted"}


def _assignment(key: str) -> dict[str, Any]:
    return {"author_key": key, "cluster": 3}


def _undated(key: str) -> dict[str, Any]:
    return {"platform": "x", "post_id": key, "author": {"id": key}, "text": _words(key, 7000), "created_at": "soon"}


def _brand() -> dict[str, Any]:
    return {"keywords": [f'("gate {number}" OR "hall {number}") delay' for number in range(200)]}


def _example(key: str) -> dict[str, Any]:
    return {"text": _words(key, 300), "label": "the only one"}
