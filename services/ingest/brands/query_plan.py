"""What each platform is asked for a brand: the query of its source, and the plan that people read before it runs."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.brands.brand import BrandSettings, ListenedPlatform, StoredBrand
from services.ingest.brands.brand_query import BrandQuery
from services.ingest.brands.expression import Clause, Expression, Term, TermError
from services.ingest.brands.matcher import Matcher
from services.ingest.brands.x_rules import MAX_RULE, compile_x_rules
from shared.analyzed_post import Platform

MAX_HASHTAGS: Final = 30
"""Different hashtags that the Graph API searches for one Instagram account in any seven days."""


class QueryPlan(BaseModel):
    """What `platform` is asked, exactly, and what it cannot be asked."""

    model_config = ConfigDict(frozen=True)

    platform: Platform
    asked: Annotated[list[str], Field(description="exactly what the network is asked; empty: nothing, or everything")]
    filtered_here: Annotated[list[str], Field(description="what the network cannot be asked and is looked at here")]
    not_heard: Annotated[list[str], Field(description="what of the brand's rules this network can never bring")]
    limits: Annotated[list[str], Field(description="the network's limits that bear on this brand")]


@dataclass(frozen=True)
class PlannedQuery:
    """One brand at one platform: for the source, and for people."""

    query: BrandQuery
    plan: QueryPlan


def query_for(brand: StoredBrand, platform: Platform) -> BrandQuery:
    """Return what a source of `platform` needs of `brand`."""
    return _PLANNERS[platform](brand).query


def query_plans(brand: StoredBrand) -> list[QueryPlan]:
    """Return the dry run: what each platform would be asked, in a fixed order."""
    return [planner(brand).plan for planner in _PLANNERS.values()]


def plan_x(stored: StoredBrand) -> PlannedQuery:
    """Return the rules of the filtered stream and of search."""
    brand = stored.settings
    compiled = compile_x_rules(stored)
    count = len(compiled.rules)
    return _planned(
        stored,
        "x",
        asked=[rule.value for rule in compiled.rules],
        filtered_here=compiled.local + _looked_at_here(brand, but=compiled.asked | {"keywords", "handles"}),
        not_heard=[f"{fragment}: too long for a rule; split the entry" for fragment in compiled.too_long],
        limits=[
            f"{count} of the rules that X takes for all brands of one app: 5 to 1,000 by plan, more by contract",
            f"a rule, or a query of search, has {MAX_RULE} characters at most",
            "each post that a rule matches is paid for, in the stream and in each poll of search",
            *compiled.remarks,
        ],
        rules=compiled.rules,
        accounts=_own(brand, "x"),
        network_selects=True,
    )


def plan_bluesky(stored: StoredBrand) -> PlannedQuery:
    """Return a query that asks for nothing: Jetstream sends every post there is."""
    brand = stored.settings
    return _planned(
        stored,
        "bluesky",
        filtered_here=["every post of the network comes", *_looked_at_here(brand)],
        limits=[
            "free; some hundreds of posts a second come, a fraction of them is kept",
            "the stream names authors by DID alone: handles of the brand are looked up once, when it begins",
        ],
        accounts=_own(brand, "bluesky"),
    )


def plan_mastodon(stored: StoredBrand) -> PlannedQuery:
    """Return the hashtags to follow; a source of the public stream does not use them and filters everything."""
    brand = stored.settings
    tags, partly, unheard = _hashtags_of(brand)
    accounts = _own(brand, "mastodon")
    by_handles = ["mentions of handles"] if brand.handles.get("mastodon") else []
    by_accounts = ["posts by the brand's own accounts"] if accounts else []
    remedy = "heard on the public stream alone (source mastodon), not in hashtag timelines"
    return _planned(
        stored,
        "mastodon",
        asked=[f"#{tag}" for tag in tags],
        filtered_here=_looked_at_here(brand),
        not_heard=[f"{what}; {remedy}" for what in [*unheard, *partly, *by_handles, *by_accounts]],
        limits=["a server knows the posts of the accounts that its people follow, not those of every server"],
        hashtags=tuple(tags),
        accounts=accounts,
    )


def plan_instagram(stored: StoredBrand) -> PlannedQuery:
    """Return the hashtags to search, the first thirty, and the accounts whose captions may be read."""
    brand = stored.settings
    tags, partly, unheard = _hashtags_of(brand)
    accounts = _own(brand, "instagram")
    past = [f"#{tag}: past the {MAX_HASHTAGS} hashtags that Instagram allows" for tag in tags[MAX_HASHTAGS:]]
    by_handles = ["mentions of handles outside the posts of these hashtags"] if brand.handles.get("instagram") else []
    return _planned(
        stored,
        "instagram",
        asked=[f"#{tag}" for tag in tags[:MAX_HASHTAGS]] + [f"captions of {account}" for account in accounts],
        filtered_here=_looked_at_here(brand),
        not_heard=[*past, *unheard, *partly, *by_handles],
        limits=[
            f"{min(len(tags), MAX_HASHTAGS)} of {MAX_HASHTAGS} hashtags that one account may search in any 7 days",
            "a hashtag search tells no author, and gives posts of the last 24 hours or the top ones",
        ],
        hashtags=tuple(tags[:MAX_HASHTAGS]),
        accounts=accounts,
    )


def plan_facebook(stored: StoredBrand) -> PlannedQuery:
    """Return the Pages: what stands on them is about the brand, whether or not it names it."""
    brand = stored.settings
    given = [*brand.handles.get("facebook", []), *_own(brand, "facebook")]
    pages = tuple({page.lower(): page for page in reversed(given)}.values())[::-1]
    return _planned(
        stored,
        "facebook",
        asked=[f"posts and comments of Page {page}" for page in pages],
        filtered_here=_looked_at_here(brand, but=frozenset({"keywords", "handles"})),
        not_heard=["keywords and hashtags elsewhere: Facebook has no search of posts"] if brand.wanted() else [],
        limits=["needs a Page access token with pages_read_engagement and pages_read_user_content for each Page"],
        accounts=pages,
        network_selects=True,
    )


def plan_feeds(stored: StoredBrand) -> PlannedQuery:
    """Return the RSS and Atom feeds that the brand names."""
    brand = stored.settings
    feeds = tuple(brand.feeds)
    everything = [f"each entry of {feed.url} counts" for feed in feeds if feed.everything]
    return _planned(
        stored,
        "web",
        asked=[feed.url for feed in feeds],
        filtered_here=everything + _looked_at_here(brand, but=frozenset({"handles", "reposts"})) if feeds else [],
        not_heard=[] if feeds else ["the web: the brand names no feeds"],
        limits=["a feed holds its newest entries alone"] if feeds else [],
        feeds=feeds,
    )


_PLANNERS: Final[dict[Platform, Callable[[StoredBrand], PlannedQuery]]] = {
    "x": plan_x,
    "bluesky": plan_bluesky,
    "mastodon": plan_mastodon,
    "instagram": plan_instagram,
    "facebook": plan_facebook,
    "web": plan_feeds,
}


def _planned(
    stored: StoredBrand,
    platform: Platform,
    *,
    filtered_here: list[str],
    limits: list[str],
    asked: list[str] | None = None,
    not_heard: list[str] | None = None,
    **of_query: Any,
) -> PlannedQuery:
    plan = QueryPlan(
        platform=platform,
        asked=asked or [],
        filtered_here=filtered_here,
        not_heard=not_heard or [],
        limits=limits,
    )
    return PlannedQuery(BrandQuery(stored.brand, platform, Matcher.of(stored.settings, platform), **of_query), plan)


def _own(brand: BrandSettings, platform: ListenedPlatform) -> tuple[str, ...]:
    return tuple(brand.own_accounts.get(platform, []))


def _looked_at_here(brand: BrandSettings, *, but: frozenset[str] = frozenset()) -> list[str]:
    """Return sentences on the rules that are looked at here; `but` names those that the network is asked for."""
    sentences = {
        "keywords": _count(len(brand.keywords) + len(brand.hashtags), "keyword or hashtag", "keywords and hashtags")
        + " looked for in each text that comes",
        "handles": "handles looked for among each post's mentions",
        "exclusions": _count(len(brand.exclusions), "exclusion", "exclusions") + " applied to each text",
        "languages": "languages other than "
        + ", ".join(brand.languages)
        + " left out, by the language that the platform tells",
        "reposts": {"drop": "reposts left out", "count": "reposts counted, none read", "keep": ""}[brand.reposts],
    }
    set_here = {
        "keywords": brand.keywords or brand.hashtags,
        "handles": any(brand.handles.values()),
        "exclusions": brand.exclusions,
        "languages": brand.languages,
        "reposts": brand.reposts != "keep",
    }
    return [sentence for name, sentence in sentences.items() if set_here[name] and name not in but]


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _hashtags_of(brand: BrandSettings) -> tuple[list[str], list[str], list[str]]:
    """Return hashtags (in lower case, without `#`, each once), sentences on what they cover in part, and not at all.

    An expression is heard whole where one of its clauses is hashtags alone: whatever matches it holds one of them.
    A single word is heard in part, by the hashtag of that name: a text that holds it otherwise does not come. Those
    hashtags come last, so that they are the first to go where a network limits them.
    """
    certain: dict[str, None] = {}
    possible: dict[str, None] = {}
    partly, unheard = [], []
    for expression in brand.wanted():
        whole = _of_hashtags_alone(expression)
        found = whole or list(_of_words(expression))
        (certain if whole else possible).update(dict.fromkeys(found))
        if not found:
            unheard.append(f"{expression}: holds no hashtag and is no single word")
        elif not whole:
            partly.append(f"{expression}: heard only where it is a hashtag, #{', #'.join(found)}")
    return list(certain | possible), partly, unheard


def _of_hashtags_alone(expression: Expression) -> list[str]:
    """Return the hashtags of the shortest clause that holds nothing else."""
    clauses = [clause for clause in expression.sought if all(term.kind == "hashtag" for term in clause.terms)]
    return [term.text.lower() for term in min(clauses, key=_length).terms] if clauses else []


def _length(clause: Clause) -> int:
    return len(clause.terms)


def _of_words(expression: Expression) -> Iterator[str]:
    """Yield the hashtags that single words make, where the expression is one clause to look for."""
    if len(expression.sought) == 1:
        for term in expression.sought[0].terms:
            if term.kind != "mention":
                with suppress(TermError):
                    yield Term.hashtag(term.text).text.lower()
