"""What a store of profiles promises, whatever it is built on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.profiles.listing import Listing
from services.profiles.profile import Basis, BrandSize, BrandSummary, Profile
from shared.analyzed_post import AnalyzedPost


@dataclass(frozen=True, slots=True)
class FoldCount:
    """What became of a delivery: posts counted by it, and posts that were counted or removed already."""

    folded: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class RemovalCount:
    """What became of removals: posts taken out by this call, and removals that found nothing to take out."""

    removed: int
    unknown: int


class ProfileStore(Protocol):
    """Profiles by brand and author, made of posts that are each counted exactly once, and can be taken out again.

    Brands never mix: the same author towards two brands is two profiles, and the same post may be
    counted once for each. What a call returned is durable. Calls may be made concurrently, by this
    process and by others. A call that failed or was cancelled may be repeated as it was.

    Raises PeerUnavailableError or OverloadedError where the store cannot do its part now.
    """

    async def fold(self, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
        """Count each post that was not counted yet, and know afterwards that it was.

        A post is known by its `post_key` within the brand; of two posts with one key, in a delivery or
        in two, the first is counted. When this returns, every post of the delivery is counted, by this delivery
        or another, but for those that a removal names: they count as duplicates. A crash at any moment loses and
        doubles nothing: the same delivery made again, or the next start of the store, ends with each post counted
        once.
        """
        ...

    async def remove(
        self, brand: str, post_keys: Sequence[str], authors: Mapping[str, int], *, early: bool = True
    ) -> RemovalCount:
        """Take posts out of their profiles, and keep them out.

        Args:
            brand: whose profiles.
            post_keys: posts that are gone.
            authors: for each author the hour (Unix seconds) up to which all posts are gone: those counted, and
                those that come later and were published up to and in that hour. The latest hour holds.
            early: whether a post that is not counted yet, or of an author without a profile, is refused when it
                comes; else nothing is kept of such a removal.

        When this returns, profiles, brands and summaries are as if the posts had never been delivered: a
        profile or a brand without a post is not there. In whatever order posts and removals come, and whatever
        is delivered again, the end is that of one clean delivery of the posts that remain; a removed post is known by
        its key alone and never counted again. A crash at any moment is finished by the same removal made again,
        or by the next start. Assignments stay until the next run is published.

        The exception is posts without a contribution, counted by a version that kept none: see `withdrawing`.
        """
        ...

    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """Return those of `post_keys` that are counted or removed: delivering them again would change nothing."""
        ...

    async def has_brand(self, brand: str) -> bool:
        """Tell whether the brand has a post that is counted."""
        ...

    async def brands(self, after: str | None, limit: int) -> list[BrandSize]:
        """Return up to `limit` brands after the brand `after`, by name."""
        ...

    async def summary(self, brand: str) -> BrandSummary | None:
        """Return all profiles of a brand together; None where it has none."""
        ...

    async def profile(self, brand: str, author_key: str) -> Profile | None:
        """Return one profile with its published clusters; None where there is none."""
        ...

    async def profiles(self, listing: Listing) -> list[Profile]:
        """Return one page of profiles with their published clusters."""
        ...

    async def features(self, brand: str, after: str | None, limit: int) -> list[Profile]:
        """Return up to `limit` profiles after the author `after`, by author, without clusters."""
        ...

    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        """Keep the cluster of each author for a run and return how many were given.

        They are not shown before the run is published. An author who is staged again gets the later
        cluster.
        """
        ...

    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int) -> int:
        """Show a run's assignments in place of the run's before, all at once; return how many.

        The brand's other runs of that basis are removed. Publishing a published run changes nothing.
        Raises ConflictError, and changes nothing, where not exactly `expected` authors are staged.
        """
        ...

    async def check_ready(self) -> None:
        """Return where the store answers, raise where it does not."""
        ...
