"""What becomes of a post that a source brought, by its brand's rules."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["keep", "internal", "count", "drop"]


@dataclass(frozen=True)
class Verdict:
    """`keep` and `internal` posts go on (an internal one as the brand's own voice), the others end here.

    `count` is a repost that is counted and not read. `reason` says in a few words why a post ends here, without
    any of its content, so that it may label a figure.
    """

    outcome: Outcome
    reason: str = ""

    @property
    def goes_on(self) -> bool:
        """Tell whether the post is read and folded."""
        return self.outcome in ("keep", "internal")


KEEP = Verdict("keep")
INTERNAL = Verdict("internal")
COUNTED_REPOST = Verdict("count", "repost, counted alone")
NO_TEXT = Verdict("drop", "no text")
PROTECTED = Verdict("drop", "protected account")
REPOST = Verdict("drop", "repost")
LANGUAGE = Verdict("drop", "another language")
EXCLUDED = Verdict("drop", "excluded")
NOT_ABOUT_BRAND = Verdict("drop", "does not name the brand")


@dataclass
class Selection:
    """What is left of some posts: those to deliver (with their `voice`), and the others by reason."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    counted_reposts: int = 0

    def add(self, post: dict[str, Any], verdict: Verdict) -> None:
        """Put one post where it belongs; its own dictionary is not changed."""
        if verdict.goes_on:
            self.posts.append(post | {"voice": "internal" if verdict.outcome == "internal" else "external"})
        elif verdict.outcome == "count":
            self.counted_reposts += 1
        else:
            self.dropped[verdict.reason] += 1


def texts(value: object) -> Sequence[str]:
    """Return the texts of a list out of a post, none where it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, tuple)) else []
