"""Accounts as people write them, checked by what each platform allows."""

import re
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.ingest.brands.expression import Expression, Term, parse
from services.ingest.brands.spelling import plain
from shared.brand import Brand
from shared.strict_body import StrictBody

ListenedPlatform = Literal["x", "bluesky", "mastodon", "instagram", "facebook"]
"""The platforms that have accounts; the web has none."""

_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,10}[A-Za-z][A-Za-z0-9-]{0,62}"
_FORMS: Final[dict[ListenedPlatform, tuple[re.Pattern[str], str]]] = {
    "x": (
        re.compile(r"[A-Za-z0-9_]{1,15}|[0-9]{1,20}"),
        "must be a handle such as British_Airways (up to 15 letters, digits and _) or an account id in digits",
    ),
    "bluesky": (
        re.compile(rf"{_DOMAIN}|did:[a-z]{{1,16}}:[A-Za-z0-9._:%-]{{1,200}}"),
        "must be a handle such as aerolume.bsky.social or a DID such as did:plc:abc123",
    ),
    "mastodon": (
        re.compile(rf"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{{0,62}}[A-Za-z0-9_])?@{_DOMAIN}"),
        "must be a whole address such as aerolume@mastodon.social: names differ from server to server",
    ),
    "instagram": (
        re.compile(r"[A-Za-z0-9._]{1,30}"),
        "must be a user name such as aerolume (up to 30 letters, digits, . and _) or an account id in digits",
    ),
    "facebook": (
        re.compile(r"[A-Za-z0-9.-]{1,100}"),
        "must be the name or id of a Page, as it stands in the Page's address",
    ),
}


def checked_account(platform: ListenedPlatform, account: str) -> str:
    """Return `account` without an `@` before it; raises ValueError that says what the platform expects."""
    form, expected = _FORMS[platform]
    name = account.strip().removeprefix("@").removeprefix("\uff20")
    if not form.fullmatch(name):
        raise ValueError(expected)
    return name


_EXPECTED = "must be an http or https address such as https://example.com/feed.xml"


def feed_address(url: str) -> str:
    """Return `url` stripped; raises ValueError where it is no address of a page, or holds a user or a password."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(_EXPECTED) from None
    whole = url.isprintable() and " " not in url
    if not (whole and port_is_right and parts.scheme in ("http", "https") and parts.hostname):
        raise ValueError(_EXPECTED)
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "must hold no user and no password: what is stored here is shown to every client that may read"
        )
    return url


_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_RENAMED: Final = {"in": "id", "iw": "he", "ji": "yi", "nb": "no"}
"""Old names that X still sends, and the one of Norwegian's two that stands for both elsewhere."""
_UNTOLD: Final = frozenset({"und", "zxx", "mul", "mis", "art"})


def language_code(value: str) -> str:
    """Return the ISO 639 code that `value` begins with; raises ValueError."""
    if not _TAG.fullmatch(value):
        raise ValueError("must be an ISO 639 code such as en, or with a region such as pt-BR")
    return _primary(value)


def told_language(value: str | None) -> str | None:
    """Return the code of what a platform says, or None where it does not say one.

    `und`, `zxx` and X's own codes from `qaa` to `qtz` (a post of links or hashtags alone) say none.
    """
    code = _primary(value or "")
    if not code or code in _UNTOLD or ("qaa" <= code <= "qtz" and len(code) == len("qaa")):
        return None
    return code


def _primary(value: str) -> str:
    code = value.partition("-")[0].partition("_")[0].lower()
    return _RENAMED.get(code, code)


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


Entry = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_canonical)]
"""An expression of `services.ingest.brands.expression`, kept in its canonical form."""
Hashtag = Annotated[str, StringConstraints(max_length=100), AfterValidator(_hashtag)]
Language = Annotated[str, StringConstraints(max_length=35), AfterValidator(language_code)]
Accounts = Annotated[
    dict[
        ListenedPlatform,
        Annotated[list[Annotated[str, Field(max_length=300)]], Field(max_length=MAX_ACCOUNTS, fail_fast=True)],
    ],
    Field(fail_fast=True),
]


class _Part(StrictBody):
    model_config = ConfigDict(frozen=True)


class Feed(_Part):
    """An RSS or Atom feed; where `everything`, each entry is about the brand, whether or not it names it."""

    url: Annotated[str, StringConstraints(max_length=2000), AfterValidator(feed_address)]
    everything: bool = False


class BrandSettings(_Part):
    """What `PUT /v1/brands/{brand}` takes; everything may be left out.

    A post is about the brand where it holds one of `keywords` (expressions), one of `hashtags` (without `#`) or a
    mention of one of `handles`, and is not where it matches one of `exclusions`. A post by an account of `handles` or
    `own_accounts` is the brand's own voice (internal); those of `own_accounts` are asked for wherever a network can be
    asked for an account. No `languages` (ISO 639) means all; a post whose language the platform does not tell passes.
    `reposts`: `keep` reads them as posts of the reposting account, `drop` leaves them out, `count` only counts them.
    """

    display_name: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_printable)
    ] = ""
    handles: Accounts = Field(default_factory=dict)
    keywords: Annotated[list[Entry], Field(max_length=MAX_KEYWORDS, fail_fast=True)] = Field(default_factory=list)
    hashtags: Annotated[list[Hashtag], Field(max_length=MAX_HASHTAGS, fail_fast=True)] = Field(default_factory=list)
    exclusions: Annotated[list[Entry], Field(max_length=MAX_EXCLUSIONS, fail_fast=True)] = Field(default_factory=list)
    languages: Annotated[list[Language], Field(max_length=MAX_LANGUAGES, fail_fast=True)] = Field(default_factory=list)
    own_accounts: Accounts = Field(default_factory=dict)
    reposts: Reposts = "keep"
    feeds: Annotated[list[Feed], Field(max_length=MAX_FEEDS, fail_fast=True)] = Field(default_factory=list)

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
