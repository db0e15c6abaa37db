"""Who looks at posts before they are folded, one after the other."""

from collections.abc import Sequence
from typing import Final

from services.ingest.observing import ObservedPost, Observer
from services.ingest.recent_posts import RecentPosts


class Observers:
    """An `Observer` of several; what one raises fails the delivery, and all see it again."""

    def __init__(self, *observers: Observer) -> None:
        """Ask them in this order."""
        self._observers: Final = observers

    async def observe(self, brand: str, posts: Sequence[ObservedPost]) -> None:
        """See `Observer.observe`."""
        for observer in self._observers:
            await observer.observe(brand, posts)


class Remembering:
    """An `Observer` that keeps the raw ids by which a platform is asked later whether a post is gone."""

    def __init__(self, recent: RecentPosts) -> None:
        """Keep them in `recent`."""
        self._recent: Final = recent

    async def observe(self, brand: str, posts: Sequence[ObservedPost]) -> None:
        """See `Observer.observe`."""
        ids = [
            {"platform": one.post.platform, "post_id": one.post.post_id, "author": {"id": one.post.author.id}}
            for one in posts
        ]
        await self._recent.remember(brand, ids)
