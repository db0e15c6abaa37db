"""Posts as profiles tells them, for tests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from services.clusters.posts.post_columns import SCHEMA

START = datetime(2015, 2, 24, tzinfo=UTC)


def row(number: int, author: int = 1, hours: int = 0, **more: Any) -> dict[str, Any]:
    """Return the post of that number by that author, published `hours` after the start."""
    return {
        "post_key": f"{number:032x}",
        "author_key": f"{author:032x}",
        "hour": START + timedelta(hours=hours),
        "platform": "x",
        "voice": "external",
        "is_repost": False,
        "is_unknown": False,
        "language": "en",
        "supported_language": True,
        "text": f"post {number}",
        "label": "neutral",
        "score": 0.5,
        "category": None,
        "entities": [],
    } | more


def table_of_posts(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return posts as a page of profiles; `embedding` comes where the first post has one, or None, of two numbers."""
    schema = SCHEMA
    if rows and "embedding" in rows[0]:
        size = next((len(one["embedding"]) for one in rows if one["embedding"] is not None), 2)
        schema = schema.append(pa.field("embedding", pa.list_(pa.float32(), size)))
        schema = schema.append(pa.field("embedding_version", pa.string()))
    return pa.Table.from_pylist([dict(one) for one in rows], schema=schema)


def stream_of(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return posts as an Arrow IPC stream."""
    table = table_of_posts(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content
