"""The place in the pipeline where posts are looked at before they are folded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.ingest.post import Post
from shared.analysis import Analysis


@dataclass(frozen=True, repr=False)
class ObservedPost:
    """A post that is about to be folded: as it came, with raw ids; its cleaned text; what the model says."""

    post: Post
    text: str
    analysis: Analysis


class Observer(Protocol):
    """Who looks at the posts of each delivery."""

    async def observe(self, brand: str, posts: Sequence[ObservedPost]) -> None:
        """Look at posts that profiles has not counted yet; they are folded once this returns.

        After a crash or a failed fold the same posts come again. What this raises fails the delivery, so that it is
        tried again: only errors that pass belong here.
        """
        ...
