"""What a run leaves behind beside its cards: bytes by name, kept in parts, as immutable as the run."""

import hashlib
import json
from typing import Final

from shared.documents.base import Documents, Operations
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query
from shared.documents.unreadable_row import UnreadableRowError

ARTIFACTS: Final = Collection("artifact_parts", {"run": str, "content": bytes}, (Index(("run",)),))
PART: Final = 1 << 20
"""Bytes in one document: far below what MongoDB takes, and what is held at a time while one is written."""
_BATCH: Final = 100


class RunArtifacts:
    """The artifacts of runs: `model` (a `RunModel`) and `map` (a `RunMap`), each written once.

    An artifact is read whole or not at all: every part tells how many there are and the digest of the whole. Operations
    raise as those of documents do.
    """

    def __init__(self, documents: Documents) -> None:
        """Use an open database with `ARTIFACTS`."""
        self._documents = documents

    async def keep(self, run_id: str, name: str, content: bytes) -> None:
        """Keep the bytes of one artifact; repeating it with the same bytes changes nothing."""
        count = max(1, -(-len(content) // PART))
        body = json.dumps({"parts": count, "sha256": hashlib.sha256(content).hexdigest()})
        for number in range(count):
            part = content[number * PART : (number + 1) * PART]
            document = Document(_key(run_id, name, number), body, {"run": run_id, "content": part})
            await self._documents.put_all(ARTIFACTS, [document])

    async def read(self, run_id: str, name: str) -> bytes | None:
        """Return the bytes of one artifact, None where there is none; raises UnreadableRowError for a damaged one."""
        first = await self._documents.get(ARTIFACTS, _key(run_id, name, 0))
        if first is None:
            return None
        told = json.loads(first.body)
        keys = [_key(run_id, name, number) for number in range(told["parts"])]
        parts: dict[str, bytes] = {}
        for place in range(0, len(keys), _BATCH):
            for document in await self._documents.get_all(ARTIFACTS, keys[place : place + _BATCH]):
                held = document.fields["content"]
                parts[document.key] = held if isinstance(held, bytes) else b""
        content = b"".join(parts.get(key, b"") for key in keys)
        if hashlib.sha256(content).hexdigest() != told["sha256"]:
            raise UnreadableRowError(ARTIFACTS.table, first.key)
        return content

    async def remove(self, run_id: str, operations: Operations | None = None) -> None:
        """Remove all that a run left, within a transaction where its operations are given."""
        query = Query(("run",), (run_id,), bodies=False)
        while await (operations or self._documents).delete_found(ARTIFACTS, query, _BATCH) == _BATCH:
            pass


def _key(run_id: str, name: str, number: int) -> str:
    return f"{run_id}/{name}/{number:05d}"
