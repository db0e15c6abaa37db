"""What becomes of a post that a source brought, by its brand's rules."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from services.ingest.brands.brand import Feed
from services.ingest.brands.matcher import Matcher, PostText
from shared.analyzed_post import Platform

MatchOutcome = Literal["keep", "internal", "count", "drop"]


@dataclass(frozen=True)
class MatchResult:
    """`keep` and `internal` posts go on (an internal one as the brand's own voice), the others end here.

    `count` is a repost that is counted and not read. `reason` says in a few words why a post ends here, without
    any of its content, so that it may label a figure.
    """

    outcome: MatchOutcome
    reason: str = ""

    @property
    def goes_on(self) -> bool:
        """Tell whether the post is read and folded."""
        return self.outcome in ("keep", "internal")


KEEP = MatchResult("keep")
INTERNAL = MatchResult("internal")
COUNTED_REPOST = MatchResult("count", "repost, counted alone")
NO_TEXT = MatchResult("drop", "no text")
PROTECTED = MatchResult("drop", "protected account")
REPOST = MatchResult("drop", "repost")
LANGUAGE = MatchResult("drop", "another language")
EXCLUDED = MatchResult("drop", "excluded")
NOT_ABOUT_BRAND = MatchResult("drop", "does not name the brand")


@dataclass
class Selection:
    """What is left of some posts: those to deliver (with their `voice`), and the others by reason."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    counted_reposts: int = 0

    def add(self, post: dict[str, Any], result: MatchResult) -> None:
        """Put one post where it belongs; its own dictionary is not changed."""
        if result.goes_on:
            self.posts.append(post | {"voice": "internal" if result.outcome == "internal" else "external"})
        elif result.outcome == "count":
            self.counted_reposts += 1
        else:
            self.dropped[result.reason] += 1


def texts(value: object) -> Sequence[str]:
    """Return the texts of a list out of a post, none where it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []


@dataclass(frozen=True)
class XRule:
    """One rule of X's filtered stream (and one query of its search): at most 512 characters, always tagged.

    The tag is `voxpop:BRAND:DIGEST`, where the digest is made of the value: the same value has the same tag.
    """

    value: str
    tag: str


@dataclass(frozen=True)
class BrandQuery:
    """One brand's query at one platform. Sources read what their network can be asked; runners call `select`.

    - X: `rules`, for the stream and for search. - Mastodon and Instagram: `hashtags`, in lower case, without `#`.
    - Facebook: `accounts`, the pages' names or ids. - Web: `feeds`. - Bluesky: nothing, since everything comes.
    `accounts` on every platform: the brand's own accounts whose posts are asked for, as they were written, no `@`.
    `network_selects`: what comes is about the brand already (X's rules, a brand's Facebook page), so that keywords
    are not looked for again; exclusions, languages, reposts and protected accounts are always looked at here.
    """

    brand: str
    platform: Platform
    matcher: Matcher
    rules: tuple[XRule, ...] = ()
    hashtags: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    feeds: tuple[Feed, ...] = ()
    network_selects: bool = False

    def match_text(
        self,
        text: str,
        *,
        author_id: str | None = None,
        author_handle: str | None = None,
        language: str | None = None,
        is_repost: bool = False,
        protected: bool = False,
        hashtags: Sequence[str] = (),
        mentions: Sequence[str] = (),
        about_brand: bool = False,
    ) -> MatchResult:
        """Match one post by what is known of it.

        `language` is what the platform says, an ISO 639 code with or without a region; None and `und` pass every
        language rule. `hashtags` and `mentions` are what the platform lists beside the text (with or without `#`
        and `@`; a mention is a handle or an id); those in the text itself are found anyway. `about_brand` says that
        the place it was found in is the brand's. Linear in the length of the text, and never raises.
        """
        rules = self.matcher
        if protected:
            return PROTECTED
        if is_repost and rules.reposts == "drop":
            return REPOST
        if not rules.speaks(language):
            return LANGUAGE
        own = rules.is_own(author_id, author_handle)
        selected = own or about_brand or self.network_selects
        post = PostText(text, hashtags, mentions, rules.dotted_handles)
        if not (selected or rules.names_brand(post)):
            return NOT_ABOUT_BRAND
        return EXCLUDED if rules.is_excluded(post) else self._kept(own=own, is_repost=is_repost)

    def _kept(self, *, own: bool, is_repost: bool) -> MatchResult:
        if is_repost and self.matcher.reposts == "count":
            return COUNTED_REPOST
        return INTERNAL if own else KEEP

    def match(self, post: dict[str, Any]) -> MatchResult:
        """Match a post as `SourceBatch.posts` holds them.

        Beside the contract's fields it reads `author.handle` and the optional `hashtags`, `mentions` (lists of
        texts) and `about_brand` (true), which a source may add: nothing later reads them, and none is stored.
        """
        text, author = post.get("text"), post.get("author")
        if not isinstance(text, str) or not isinstance(author, dict):
            return NO_TEXT
        return self.match_text(
            text,
            author_id=_text(author.get("id")),
            author_handle=_text(author.get("handle")),
            language=_text(post.get("language")),
            is_repost=post.get("is_repost") is True,
            protected=author.get("protected") is True,
            hashtags=texts(post.get("hashtags")),
            mentions=texts(post.get("mentions")),
            about_brand=post.get("about_brand") is True,
        )

    def select(self, posts: Iterable[dict[str, Any]]) -> Selection:
        """Match many posts: tens of microseconds each, so more than a few belong in a thread."""
        selection = Selection()
        for post in posts:
            selection.add(post, self.match(post))
        return selection


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
