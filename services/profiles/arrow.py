"""Arrow IPC streams, in which pages of many rows go to other services."""

from typing import Any, Final

import pyarrow as pa

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {MEDIA_TYPE: {}}, "description": "an Arrow IPC stream; `x-next-cursor` names more"}
}
"""What a route that answers so tells of itself."""


def stream_of(batch: pa.RecordBatch) -> bytes:
    """Return one batch as a stream, not compressed."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    contents: bytes = sink.getvalue().to_pybytes()
    return contents
