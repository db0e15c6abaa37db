"""A small sentiment service, for real over ASGI: texts are embedded by the words they have."""

from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

DIMENSIONS = 16
VERSION = "words-1"


def embedding_of(text: str) -> list[float]:
    """Return a vector in which each word has a place of its own: texts are alike that share words."""
    vector = np.zeros(DIMENSIONS)
    for word in text.casefold().replace(".", " ").replace(",", " ").split():
        vector[sum(word.encode()) % DIMENSIONS] += 1
    length = float(np.linalg.norm(vector))
    return [float(number) for number in vector / (length or 1)]


class SentimentStandIn:
    """Answers `POST /v1/analyze` with embeddings, or with a `status` that is no 200; refuses the next few."""

    def __init__(self) -> None:
        """Be there."""
        self.status = 200
        self.refused_next = 0
        self.version = VERSION
        self.texts: list[str] = []
        self.app = FastAPI()
        self.app.add_api_route("/v1/analyze", self._analyze, methods=["POST"])

    async def _analyze(self, request: Request) -> Response:
        if self.status != 200:
            return JSONResponse({"detail": "away"}, self.status)
        if self.refused_next:
            self.refused_next -= 1
            return JSONResponse({"detail": "a text is refused"}, 422)
        body: dict[str, Any] = await request.json()
        self.texts += body["texts"]
        results = [{"embedding": embedding_of(text)} for text in body["texts"]]
        return JSONResponse({"model": "m", "embedding_version": self.version, "results": results})
