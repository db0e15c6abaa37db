"""What a store of profiles promises, whatever it is built on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.profiles.assigned_run import KEPT_RUNS, AssignedRun
from services.profiles.embedding import EmbeddingSpace
from services.profiles.feature_page import Beginning, FeatureRows, NamedAuthors
from services.profiles.kept import Erased, KeptBucket, KeptPost, KeptProfile, Place, RemovedAuthor, Sample
from services.profiles.listing import Listing
from services.profiles.profile import Basis, BrandSize, BrandSummary, Profile
from services.profiles.rollup import Bucket, Span
from services.profiles.texts import TextPage, TextQuery
from shared.analyzed_post import AnalyzedPost, Voice
from shared.brand_changes import BrandChanges


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
        doubles nothing: a delivery (a larger one in pieces of a thousand posts) is counted whole or not at all, and
        made again it ends with each post counted once. Raises InputError, and counts nothing, where an embedding has
        another length than those of its version.
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
        its key alone and never counted again. A crash at any moment leaves all of it or nothing, of an author with
        thousands of posts maybe a part, and the same removal made again finishes it. An author without a profile is in
        no run's assignments any more, but for a run that another process stages at that moment.

        The exception is posts whose analysis has expired, or that a version counted which kept none: see `removal`.
        """
        ...

    async def erase(self, author_key: str) -> list[Erased]:
        """Remove an author from every brand, for good, and return what was there, by brand.

        Gone are profiles, posts with their keys and texts, assignments of every run, and the author's part of the
        counts of distinct authors. Hours and days keep the posts that their figures were made of while they can be
        told from the others, which needs a post's analysis; those whose analysis has expired stay counted there,
        and name no author. A tombstone, the `author_key` alone, stays: whatever is delivered or imported of the author
        later is no longer counted and leaves no trace. A crash is finished by the same erasure made again, which
        else finds nothing; what it returns then is what that call removed.
        """
        ...

    async def sweep(self, before: int, most: int) -> int:
        """Forget text and analysis of up to `most` posts that were stored before a moment (Unix seconds).

        Profiles, buckets and post keys stay as they are. Returns how many were forgotten: fewer than `most` where
        none is left.
        """
        ...

    async def redate(self, latest: int, most: int) -> int:
        """Say of up to `most` posts that were stored later than a moment (Unix seconds) that they were stored then.

        For what was stored while a clock ran ahead. Returns how many they were: fewer than `most` where none is left.
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

    async def kept_brands(self) -> list[str]:
        """Return every brand of which anything is kept, were it only what was removed, by name."""
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

    async def cluster_sizes(self, brand: str) -> dict[str, dict[int, int]]:
        """Return how many authors each published cluster has, by basis."""
        ...

    async def features(
        self, brand: str, place: Beginning | NamedAuthors, limit: int, version: str | None = None
    ) -> FeatureRows:
        """Return up to `limit` profiles as numbers, with the sums of embeddings of a version where one is named.

        By author, after an author (the empty text is before all), those of a span of changes, by number and author, or
        those of some authors who have a profile, by author.
        """
        ...

    async def embedding_space(self, brand: str) -> EmbeddingSpace | None:
        """Return the version of the embeddings of the brand's latest posts, by hour; None without any.

        Of versions with the same latest hour the one of more posts is returned. Versions are never mixed.
        """
        ...

    async def last_change(self, brand: str) -> int:
        """Return the number of the brand's last change: every change of a profile with this or a lower number is seen.

        A change that is not seen yet will have a higher number, whatever clocks, crashes and other writers do; nought
        is before all. Every fold, removal, restore or erasure that changes a profile gives it the next number. A
        profile that is gone is no longer among the rows, and nothing tells of it but the brand's number.
        """
        ...

    async def changes(self, after: int) -> BrandChanges:
        """Return the number of the last change of each brand that changed since an earlier call returned `after`.

        `after` is the `next` of that call, nought at first. No change is missed by a caller that remembers `next`.
        """
        ...

    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        """Keep the cluster of each author who has a profile for a run, and return of how many.

        They are not shown before the run is published; those of the published run are shown at once. An author who is
        staged again gets the later cluster. Of runs that were never published those staged last are kept. Raises
        ConflictError where the run is being removed.
        """
        ...

    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int, keep: int = KEPT_RUNS) -> int:
        """Show a run's assignments in place of the run's before, all at once; return how many.

        The assignments of the `keep` runs of that brand and basis that were published last stay, this one among them:
        published again an earlier one is shown again. Raises ConflictError, and changes nothing, where no author or,
        of a run that was never published, not exactly `expected` authors are staged.
        """
        ...

    async def forget_run(self, brand: str, run_id: str) -> None:
        """Remove the assignments of a run, of whatever basis; of the published one nothing is shown any more."""
        ...

    async def sweep_runs(self, before: int, latest: int) -> None:
        """Remove runs that were never published and staged last before a moment (Unix seconds).

        What was staged after `latest`, while a clock ran ahead, counts as staged then.
        """
        ...

    async def assigned_runs(self, brand: str) -> list[AssignedRun]:
        """Return the runs of a brand whose assignments are kept, and those that are being removed."""
        ...

    async def assignments(
        self, brand: str, basis: Basis, run_id: str, after: str | None, limit: int
    ) -> list[tuple[str, int]]:
        """Return up to `limit` authors of a run after the author `after`, by author, each with its cluster."""
        ...

    async def embedding_lengths(self) -> dict[str, int]:
        """Return how many numbers the embeddings of each known version have."""
        ...

    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        """Return the buckets that begin from `start` up to before `end` (Unix seconds) and have posts, by time.

        Buckets of both voices are joined where `voice` is None. Of more than `limit` the earliest are returned.
        """
        ...

    async def sample(self, brand: str, start: int, end: int, most: int, voice: Voice | None = None) -> Sample:
        """Return up to `most` of the posts of a time (hours from `start` up to before `end`) that still have a text.

        Which ones is decided by their keys, which are keyed hashes: a fair sample, the same each time. They come
        without embeddings, which would be most of their bytes.
        """
        ...

    async def posts(self, brand: str, start: int, end: int, after: Place | None, limit: int) -> list[KeptPost]:
        """Return up to `limit` posts of a time (hours from `start` up to before `end`) that are not expired.

        They come by hour and key, from after a place on.
        """
        ...

    async def texts(self, brand: str, query: TextQuery) -> TextPage:
        """Return a page of the posts that are not expired, as they are stored, by key.

        Keys are keyed hashes: the first pages are a fair sample.
        """
        ...

    async def kept_posts(self, brand: str, after: str | None, limit: int) -> list[KeptPost]:
        """Return up to `limit` known posts after the key `after`, by key: expired and removed ones too."""
        ...

    async def kept_profiles(self, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
        """Return up to `limit` profiles after the author `after`, by author."""
        ...

    async def kept_buckets(self, brand: str) -> list[KeptBucket]:
        """Return every bucket of a brand, by key."""
        ...

    async def removed_authors(self, brand: str, after: str | None, limit: int) -> list[RemovedAuthor]:
        """Return up to `limit` authors who were removed from the brand, by author; the erased are not among them."""
        ...

    async def erased_authors(self, after: str | None, limit: int) -> list[str]:
        """Return up to `limit` authors who were erased, by author."""
        ...

    async def restore_profiles(self, brand: str, profiles: Sequence[KeptProfile]) -> int:
        """Take over the profiles of a brand that has none, or none but those restored; return how many were taken.

        `restore_posts` then adds no post to a profile, since the profiles have counted them. Where the brand has
        profiles of its own nothing is taken. Erased authors are passed over, and profiles from before a removal of
        their author. Of authors whom the brand knows nothing is taken.
        """
        ...

    async def restore_buckets(self, brand: str, buckets: Sequence[KeptBucket]) -> int:
        """Take over the buckets of a brand that has none, or none but those restored; return how many were new.

        `restore_posts` then adds no post to a bucket. Where the brand has buckets of its own nothing is taken. Erased
        authors are left out of the counts of distinct authors.
        """
        ...

    async def restore_posts(self, brand: str, posts: Sequence[KeptPost]) -> FoldCount:
        """Take over posts with the moment they were stored at, each once; known, removed and erased ones are passed.

        A post with its analysis is folded as `fold` does, but for what `restore_profiles` and `restore_buckets`
        brought already: a restored brand takes the keys and texts of that backup alone, so let nothing write to it
        until it is done, and import no later backup into it. Of a post without an analysis the key alone is kept.
        """
        ...

    async def restore_removals(self, brand: str, removed: Sequence[RemovedAuthor], erased: Sequence[str]) -> None:
        """Take over who was removed from the brand, and who was erased altogether. Due before anything else."""
        ...

    async def check_ready(self) -> None:
        """Return where the store answers, raise where it does not."""
        ...
