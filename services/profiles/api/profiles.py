"""Profiles, one and in lists."""

import math
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel

from services.profiles.analytics.figures import Labels, by_posts, view_labels, view_time
from services.profiles.api.dependencies import KnownBrand, Res
from services.profiles.cursors import cursor_of, decode_position
from services.profiles.listing import ClusterFilter, Listing, Order, Sort, position_of
from services.profiles.profile import Basis, Profile
from services.profiles.withheld_clusters import Withheld, shown
from shared.access import Scope
from shared.analyzed_post import Key
from shared.errors import NotFoundError
from shared.pages import DEFAULT_LIMIT, Page
from shared.web.auth import check_scope, opens, requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1", tags=["profiles"])

MOST = 10**12


class AccountView(BaseModel):
    """Account figures as of the latest post that told each; null is unknown."""

    followers: int | None
    following: int | None
    posts: int | None
    listed: int | None
    verified: bool | None
    protected: bool | None
    age_days: int | None


class ProfileView(BaseModel):
    """A profile. Scores are in [0, 1]; `labels` counts scored posts; `clusters` is by basis, none of few people.

    `clusters` is empty for a key without the scope `evidence`.
    """

    author_key: str
    platform: str
    brand: str
    posts: int
    scored_posts: int
    mean_score: float | None
    score_stddev: float | None
    mean_subjectivity: float | None
    labels: Labels
    languages: dict[str, int]
    categories: dict[str, int]
    likes: int
    reposts: int
    replies: int
    repost_posts: int
    reply_posts: int
    hours: list[int]
    account: AccountView
    first_seen: datetime
    last_seen: datetime
    clusters: dict[str, int]


async def _members_are_evidence(request: Request) -> None:
    """Raise 403 where the key does not open what is listed: who is in a cluster, or profiles."""
    check_scope(request, Scope.EVIDENCE if "cluster" in request.query_params else Scope.READ)


@router.get(
    "/brands/{brand}/profiles", dependencies=[requires(Scope.READ, Scope.EVIDENCE), Depends(_members_are_evidence)]
)
async def list_profiles(
    brand: KnownBrand,
    resources: Res,
    request: Request,
    sort: Sort = Sort.POSTS,
    order: Annotated[Order | None, Query(description="by default asc for author_key, else desc")] = None,
    min_posts: Annotated[int, Query(ge=1, le=MOST)] = 1,
    since: Annotated[AwareDatetime | None, Query(description="last seen then or later")] = None,
    language: Annotated[str | None, Query(pattern=r"^[a-z]{2,3}$", description="at least one post in it")] = None,
    cluster: Annotated[int | None, Query(ge=0, le=10**6, description="those in it; needs the scope `evidence`")] = None,
    basis: Annotated[Basis, Query(description="which clusters `cluster` means")] = "behaviour",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ProfileView]:
    """List profiles; those without a scored post come last by mean score."""
    order = order or (Order.ASC if sort is Sort.AUTHOR_KEY else Order.DESC)
    listing = Listing(
        brand,
        limit + 1,
        sort,
        order,
        decode_position(cursor, sort, order),
        min_posts,
        since=None if since is None else math.ceil(since.timestamp()),
        language=language,
        cluster=None if cluster is None else ClusterFilter(basis, cluster),
    )
    hidden = await resources.withheld.of(brand)
    is_withheld = cluster in hidden.get(basis, frozenset())
    found = [] if is_withheld else await resources.store.profiles(listing)
    page = Page.of(found, limit, lambda profile: cursor_of(position_of(profile, sort, order), sort, order))
    told = hidden if opens(request, Scope.EVIDENCE) else None
    return page.showing([_view_profile(profile, told) for profile in page.items])


@router.get("/brands/{brand}/profiles/{author_key}", dependencies=[requires(Scope.READ)])
async def show_profile(
    brand: KnownBrand, author_key: Annotated[Key, Path()], resources: Res, request: Request
) -> ProfileView:
    """Show one author's profile."""
    profile = await resources.store.profile(brand, author_key)
    if profile is None:
        raise NotFoundError("this brand has no profile of that author")
    return _view_profile(profile, await resources.withheld.of(brand) if opens(request, Scope.EVIDENCE) else None)


def _view_profile(profile: Profile, hidden: Withheld | None) -> ProfileView:
    """Return the profile as it is shown, without its clusters where `hidden` is None."""
    folded = profile.folded
    return ProfileView(
        author_key=profile.author_key,
        platform=folded.platform,
        brand=profile.brand,
        posts=folded.posts,
        scored_posts=folded.scored_posts,
        mean_score=profile.mean_score,
        score_stddev=profile.score_stddev,
        mean_subjectivity=profile.mean_subjectivity,
        labels=view_labels(folded.labels),
        languages=by_posts(folded.languages),
        categories=by_posts(folded.categories),
        likes=folded.likes,
        reposts=folded.reposts,
        replies=folded.replies,
        repost_posts=folded.repost_posts,
        reply_posts=folded.reply_posts,
        hours=list(folded.hours),
        account=_view_account(profile),
        first_seen=view_time(folded.first_seen),
        last_seen=view_time(folded.last_seen),
        clusters={} if hidden is None else shown(profile.clusters, hidden),
    )


def _view_account(profile: Profile) -> AccountView:
    verified, protected = profile.figure("verified"), profile.figure("protected")
    return AccountView(
        followers=profile.figure("followers"),
        following=profile.figure("following"),
        posts=profile.figure("posts"),
        listed=profile.figure("listed"),
        verified=None if verified is None else bool(verified),
        protected=None if protected is None else bool(protected),
        age_days=profile.age_days,
    )
