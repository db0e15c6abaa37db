"""The place in the pipeline where posts are looked at before they are folded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from typing_extensions import override

from services.ingest.compliance import RecentPosts
from services.ingest.post import Post
from shared.analysis import Analysis


@dataclass(frozen=True, repr=False)
class ObservedPost:
    """A post that is about to be folded: as it came, with raw ids; its cleaned text; what the model says."""

    post: Post
    text: str
    analysis: Analysis


class Observer(Protocol):
    """Looks at the posts of each delivery."""

    async def observe(self, brand: str, posts: Sequence[ObservedPost]) -> None:
        """Look at posts that profiles has not counted yet; they are folded once this returns.

        After a crash or a failed fold the same posts come again. What this raises fails the delivery, so that it is
        tried again: only errors that pass belong here.
        """
        ...


class ObserverChain(Observer):
    """An `Observer` of several; what one raises fails the delivery, and all see it again."""

    def __init__(self, *observers: Observer) -> None:
        """Ask them in this order."""
        self._observers: Final = observers

    @override
    async def observe(self, brand: str, posts: Sequence[ObservedPost]) -> None:
        for observer in self._observers:
            await observer.observe(brand, posts)


class RecentPostRecorder(Observer):
    """An `Observer` that keeps the raw ids by which a platform is asked later whether a post is gone."""

    def __init__(self, recent: RecentPosts) -> None:
        """Keep them in `recent`."""
        self._recent: Final = recent

    @override
    async def observe(self, brand: str, posts: Sequence[ObservedPost]) -> None:
        ids = [
            {"platform": one.post.platform, "post_id": one.post.post_id, "author": {"id": one.post.author.id}}
            for one in posts
        ]
        await self._recent.remember(brand, ids)
