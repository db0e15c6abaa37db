"""A brand as a person declares it: what is listened for, on which platforms, and what does not count."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.ingest.brands.account import ListenedPlatform, checked_account
from services.ingest.brands.address import feed_address
from services.ingest.brands.expression import Expression, Term
from services.ingest.brands.grammar import parse
from services.ingest.brands.language import language_code
from services.ingest.brands.spelling import plain
from shared.brand import Brand

MAX_KEYWORDS = 200
MAX_EXCLUSIONS = 100
MAX_HASHTAGS = 100
MAX_ACCOUNTS = 100
MAX_LANGUAGES = 20
MAX_FEEDS = 50

Reposts = Literal["keep", "drop", "count"]


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must not hold control characters or line breaks")
    return value


def _canonical(value: str) -> str:
    return str(parse(value))


def _hashtag(value: str) -> str:
    term = Term.hashtag(value.strip().lstrip("#\uff03"))
    return term.text


Entry = Annotated[str, AfterValidator(_canonical)]
"""An expression of `services.ingest.brands.grammar`, kept in its canonical form."""
Hashtag = Annotated[str, StringConstraints(max_length=100), AfterValidator(_hashtag)]
Language = Annotated[str, StringConstraints(max_length=35), AfterValidator(language_code)]
Accounts = dict[
    ListenedPlatform, Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=MAX_ACCOUNTS)]
]


class _Part(BaseModel):
    """Unknown fields are refused: a misspelt one would be ignored in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class FeedSettings(_Part):
    """An RSS or Atom feed; where `everything`, each entry is about the brand, whether or not it names it."""

    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(feed_address)]
    everything: bool = False


class BrandSettings(_Part):
    """What `PUT /v1/brands/{brand}` takes; everything may be left out.

    A post is about the brand where it holds one of `keywords` (expressions), one of `hashtags` (without `#`) or a
    mention of one of `handles`, and is not where it matches one of `exclusions`. A post by an account of `handles` or
    `own_accounts` is the brand's own voice (internal); those of `own_accounts` are asked for wherever a network can be
    asked for an account. No `languages` (ISO 639) means all; a post whose language the platform does not tell passes.
    `reposts`: `keep` reads them as posts of who reposts, `drop` leaves them out, `count` counts them and reads none.
    """

    display_name: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_printable)
    ] = ""
    handles: Accounts = {}
    keywords: Annotated[list[Entry], Field(max_length=MAX_KEYWORDS)] = []
    hashtags: Annotated[list[Hashtag], Field(max_length=MAX_HASHTAGS)] = []
    exclusions: Annotated[list[Entry], Field(max_length=MAX_EXCLUSIONS)] = []
    languages: Annotated[list[Language], Field(max_length=MAX_LANGUAGES)] = []
    own_accounts: Accounts = {}
    reposts: Reposts = "keep"
    feeds: Annotated[list[FeedSettings], Field(max_length=MAX_FEEDS)] = []

    @model_validator(mode="after")
    def _hold_each_once(self) -> Self:
        """Replace lists by themselves without repeats, and accounts by their checked forms."""
        once = {
            "keywords": _once(self.keywords),
            "exclusions": _once(self.exclusions),
            "hashtags": list({plain(tag): tag for tag in reversed(self.hashtags)}.values())[::-1],
            "languages": _once(self.languages),
            "feeds": list({feed.url: feed for feed in self.feeds}.values()),
            "handles": _checked("handles", self.handles),
            "own_accounts": _checked("own_accounts", self.own_accounts),
        }
        for name, value in once.items():
            object.__setattr__(self, name, value)
        return self

    def wanted(self) -> list[Expression]:
        """Return the expressions of which one must match: the keywords, then the hashtags."""
        tags = [Expression.of(Term.hashtag(tag)) for tag in self.hashtags]
        return [parse(entry) for entry in self.keywords] + tags

    def unwanted(self) -> list[Expression]:
        """Return the expressions of which none may match."""
        return [parse(entry) for entry in self.exclusions]


class StoredBrand(BaseModel):
    """A brand as it is kept; `version` rises by one with each `PUT`, from 1 on."""

    model_config = ConfigDict(frozen=True)

    brand: Brand
    version: Annotated[int, Field(ge=1)]
    updated_at: AwareDatetime
    settings: BrandSettings


def _once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _checked(field: str, accounts: Accounts) -> Accounts:
    checked: Accounts = {}
    for platform, given in accounts.items():
        for place, account in enumerate(given):
            try:
                checked.setdefault(platform, []).append(checked_account(platform, account))
            except ValueError as error:
                raise ValueError(f"{field}.{platform}.{place}: {error}") from None
        checked[platform] = list(
            {account.casefold(): account for account in reversed(checked.get(platform, []))}.values()
        )[::-1]
    return {platform: given for platform, given in checked.items() if given}
