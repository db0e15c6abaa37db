"""What may be asked of a source beside its brand's rules."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    model_validator,
)

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.settings import IngestSettings
from services.ingest.sources.base import PostBudget, Report, Source, SourceError, SourceRefusedError
from services.ingest.sources.bluesky.source import BlueskyStream
from services.ingest.sources.feed.parser import FeedParser
from services.ingest.sources.feed.source import FeedSource
from services.ingest.sources.mastodon.source import MastodonHashtags, MastodonStream
from services.ingest.sources.meta.captions import InstagramCaptions
from services.ingest.sources.meta.facebook_page import FacebookPage
from services.ingest.sources.meta.instagram_hashtag import InstagramHashtag
from services.ingest.sources.network.backlog import BacklogSource
from services.ingest.sources.x.source import XSearch, XStream, withdraw_rules
from services.ingest.streams.budget import FreeBudget, MonthlyBudget
from services.ingest.streams.spend import SpendStore
from services.ingest.streams.stream import Stream, StreamKind
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.errors import ConflictError, InputError

EARLIEST, LATEST = 1990, 2999


def _text(value: object) -> object:
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("must be an RFC 3339 time such as 2026-01-31T12:00:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    if not EARLIEST <= value.year <= LATEST:
        raise ValueError(f"must lie between {EARLIEST} and {LATEST}")
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_in_utc)]
"""A time with a zone, kept in UTC: the same moment is the same question, however it is written."""


class NoParameters(BaseModel):
    """The brand says it all. Unknown names are refused: a misspelt one would be ignored in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SinceParameters(NoParameters):
    """From `since` (with a zone) until now; None is as far back as the network gives."""

    since: Moment | None = None


class WindowParameters(SinceParameters):
    """From `since` to `until`, which both have zones; None is as far as the network gives, and now."""

    until: Moment | None = None

    @model_validator(mode="after")
    def _lies_forward(self) -> Self:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("until must lie after since")
        return self


@dataclass(frozen=True)
class SourceContext:
    """What a source is made of; `ends` for a backfill, with `since` and `until` where they were asked for."""

    settings: IngestSettings
    query: BrandQuery
    report: Report
    budget: PostBudget
    clock: Clock
    feeds: FeedParser
    ends: bool = False
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


@dataclass(frozen=True)
class SourceKind:
    """One source: how it is made, what its settings must have, and what may be asked of it.

    `needs` raises CredentialError or SourceRefusedError where the settings lack something. `backfill` is None where the
    network gives no past. `purse` names whose posts cost money. `withdraw` takes away what a stream of a brand left at
    its network, None where that is nothing; see `SourceRegistry.withdraw`.
    """

    platform: Platform
    make: Callable[[SourceContext], Source]
    needs: Callable[[IngestSettings], object] = lambda _: None
    backfill: type[BaseModel] | None = None
    purse: str | None = None
    withdraw: Callable[[IngestSettings, str, Clock], Awaitable[None]] | None = None

    def parameters(self, kind: StreamKind) -> type[BaseModel] | None:
        """Return what may be asked of a stream of `kind`, None where there is no such stream."""
        return self.backfill if kind is StreamKind.BACKFILL else NoParameters


def _plain(source: type[BacklogSource[Any]]) -> Callable[[SourceContext], Source]:
    return lambda context: source(context.settings, context.query, context.report, context.clock)


def _captions(context: SourceContext, queries: tuple[str, ...]) -> Source:
    settings = context.settings
    return InstagramCaptions(
        settings.instagram_session(),
        queries,
        context.report,
        context.clock,
        poll_seconds=settings.instagram_captions_poll_seconds,
        since=context.since,
        ends=context.ends,
    )


def _x_search(context: SourceContext) -> Source:
    return XSearch(
        context.settings,
        context.query,
        context.report,
        context.budget,
        context.clock,
        follow=not context.ends,
        start=context.since,
        end=context.until,
    )


def _instagram_hashtag(context: SourceContext) -> Source:
    access, user_id = context.settings.instagram_access()
    return InstagramHashtag(
        access,
        user_id,
        context.query.hashtags,
        context.report,
        context.clock,
        poll_seconds=context.settings.instagram_poll_seconds,
        since=context.since,
        ends=context.ends,
    )


def _facebook_page(context: SourceContext) -> Source:
    settings = context.settings
    return FacebookPage(
        settings.facebook_access(),
        context.query.accounts,
        context.report,
        context.clock,
        poll_seconds=settings.facebook_poll_seconds,
        comment_days=settings.facebook_comment_days,
        since=context.since,
        ends=context.ends,
    )


SOURCES: Final[dict[str, SourceKind]] = {
    "x": SourceKind(
        "x",
        lambda context: XStream(context.settings, context.query, context.report, context.budget, context.clock),
        needs=IngestSettings.require_x_bearer,
        purse="x",
        withdraw=withdraw_rules,
    ),
    "x-search": SourceKind("x", _x_search, needs=IngestSettings.require_x_bearer, backfill=WindowParameters, purse="x"),
    "bluesky": SourceKind("bluesky", _plain(BlueskyStream)),
    "mastodon": SourceKind("mastodon", _plain(MastodonStream), needs=IngestSettings.mastodon_token),
    "mastodon-hashtag": SourceKind("mastodon", _plain(MastodonHashtags), needs=IngestSettings.mastodon_token),
    "instagram-hashtag": SourceKind(
        "instagram", _instagram_hashtag, needs=IngestSettings.instagram_access, backfill=SinceParameters
    ),
    "instagram-captions": SourceKind(
        "instagram",
        lambda context: _captions(context, tuple(f"#{tag}" for tag in context.query.hashtags)),
        needs=IngestSettings.instagram_session,
        backfill=SinceParameters,
    ),
    "instagram-profile": SourceKind(
        "instagram",
        lambda context: _captions(context, context.query.accounts),
        needs=IngestSettings.instagram_session,
        backfill=SinceParameters,
    ),
    "facebook-page": SourceKind(
        "facebook", _facebook_page, needs=IngestSettings.facebook_access, backfill=SinceParameters
    ),
    "feed": SourceKind("web", lambda made: FeedSource(made.settings, made.query, made.report, made.clock, made.feeds)),
}


class SourceRegistry:
    """Makes the sources of `SOURCES` with one service's settings."""

    def __init__(
        self,
        settings: IngestSettings,
        spend: SpendStore,
        clock: Clock,
        feeds: FeedParser,
        kinds: dict[str, SourceKind] | None = None,
    ) -> None:
        """Make sources with `settings`; what is paid for is counted in `spend`, and `feeds` reads those of all."""
        self._settings = settings
        self._spend = spend
        self._clock = clock
        self._feeds = feeds
        self._kinds = SOURCES if kinds is None else kinds

    def platform(self, source: str) -> Platform:
        """Return the platform of a source by its name; raises SourceRefusedError."""
        return self._kind(source).platform

    def build(self, stream: Stream, query: BrandQuery, report: Report, spent: Callable[[int], None]) -> Source:
        """Return a source for a stream; raises CredentialError, SourceRefusedError."""
        kind = self._kind(stream.source)
        parameters = WindowParameters.model_validate(stream.parameters)
        budget: PostBudget = FreeBudget()
        if kind.purse is not None and (limit := self.limit(stream.source)) is not None:
            budget = MonthlyBudget(self._spend, kind.purse, _setting(kind.purse), limit, self._clock, spent)
        ends, since, until = stream.kind is StreamKind.BACKFILL, parameters.since, parameters.until
        made = SourceContext(self._settings, query, report, budget, self._clock, self._feeds, ends, since, until)
        return kind.make(made)

    def leaves(self, source: str) -> bool:
        """Tell whether streams of a source leave something at their network, which `withdraw` takes away."""
        kind = self._kinds.get(source)
        return kind is not None and kind.withdraw is not None

    async def withdraw(self, stream: Stream) -> None:
        """Take away what a stream left at its network, within seconds; nothing may be there (any more).

        Raises CredentialError, SourceRefusedError, LeftBehindError.
        """
        withdraw = self._kind(stream.source).withdraw
        if withdraw is not None:
            await withdraw(self._settings, stream.brand, self._clock)

    def checked(self, kind: StreamKind, source: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters in their canonical form.

        Raises InputError where the source or a parameter is not known, ConflictError where a setting is missing.
        """
        names = sorted(name for name, found in self._kinds.items() if found.parameters(kind) is not None)
        found = self._kinds.get(source)
        model = found.parameters(kind) if found is not None else None
        if found is None or model is None:
            raise InputError(f"source must be one of {', '.join(names)}", ("body", "source"))
        try:
            given = model.model_validate(parameters)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = tuple(str(part) for part in first["loc"])
            sentence = f"{'.'.join(place) or 'parameters'}: {first['msg'].removeprefix('Value error, ')}"
            raise InputError(sentence, ("body", "parameters", *place)) from None
        self._check_needs(found)
        return given.model_dump(mode="json", exclude_none=True)

    def purse(self, source: str) -> str | None:
        """Return from which purse a source's posts are paid; None where they are free."""
        kind = self._kinds.get(source)
        return None if kind is None else kind.purse

    def limit(self, source: str) -> int | None:
        """Return how many posts a month may be paid for; None where they are free."""
        purse = self.purse(source)
        return None if purse is None else int(getattr(self._settings, _setting(purse).lower()))

    def _kind(self, source: str) -> SourceKind:
        if source not in self._kinds:
            raise SourceRefusedError(f"this version of voxpop has no source called {source!a}")
        return self._kinds[source]

    def _check_needs(self, kind: SourceKind) -> None:
        try:
            kind.needs(self._settings)
        except SourceError as error:
            raise ConflictError(error.detail) from None


def _setting(purse: str) -> str:
    return f"{purse.upper()}_MONTHLY_POSTS"
