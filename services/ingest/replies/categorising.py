"""Asking sentiment for the category of a few texts: those that a rule would answer."""

from collections.abc import Sequence

import structlog
from pydantic import TypeAdapter

from shared.analysis import Analysis
from shared.errors import PeerRefusedError
from shared.peers import Peer

_BATCH = 128
_ANALYSES = TypeAdapter(list[Analysis])
log = structlog.get_logger(__name__)


class Categorizer:
    """Best categories of texts, by a category set or the model's own labels."""

    def __init__(self, sentiment: Peer) -> None:
        """Ask `sentiment`."""
        self._sentiment = sentiment

    async def best(self, texts: Sequence[str], category_set: str | None) -> list[str | None]:
        """Return the best label of each cleaned text, None where the model has none for it.

        A set that sentiment refuses (it is not there, say) gives None for all, with a warning in the log: a
        rule that cannot be asked answers nobody. Raises PeerUnavailableError where sentiment is away.
        """
        labels: list[str | None] = []
        for start in range(0, len(texts), _BATCH):
            batch = list(texts[start : start + _BATCH])
            body = {"texts": batch, "features": ["category"], "category_set": category_set}
            try:
                response = await self._sentiment.call("POST", "/v1/analyze", json=body)
                analyses = _ANALYSES.validate_python(response.json()["results"])
                found = [analysis.category.label if analysis.category else None for analysis in analyses]
            except (PeerRefusedError, ValueError, KeyError, TypeError) as error:
                log.warning("replies.uncategorised", category_set=category_set, error=type(error).__name__)
                found = []
            labels += found if len(found) == len(batch) else [None] * len(batch)
        return labels
