"""What services ask of the sentiment service."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from shared.analysis import Analysis
from shared.errors import PeerRefusedError
from shared.peers import Peer

_ANALYSES = TypeAdapter(list[Analysis])


@dataclass(frozen=True)
class Analyses:
    """An analysis for each text, and the version of their embeddings, None where they have none."""

    results: list[Analysis]
    embedding_version: str | None


class SentimentPeer(Peer):
    """The sentiment service."""

    async def analyze(
        self,
        texts: Sequence[str],
        features: Sequence[str],
        *,
        languages: Sequence[str | None] | None = None,
        category_set: str | None = None,
    ) -> Analyses:
        """Return what the model says of up to 512 texts, in order; `languages` has what each text's platform says."""
        body = {"texts": texts, "features": features, "languages": languages, "category_set": category_set}
        given = {name: value for name, value in body.items() if value is not None}
        response = await self.call("POST", "/v1/analyze", json=given)
        # Milliseconds of CPU, most of them for embeddings.
        found = await asyncio.to_thread(self.read, lambda: _parsed(response.content), "that is no analysis")
        if len(found.results) != len(texts):
            raise PeerRefusedError(self.name, "sentiment answered for another number of texts", response.status_code)
        return found


def _parsed(content: bytes) -> Analyses:
    answer = json.loads(content)
    version = answer.get("embedding_version")
    return Analyses(_ANALYSES.validate_python(answer["results"]), version if isinstance(version, str) else None)
