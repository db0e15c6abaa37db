"""How the people of a cluster are reached: by what they write and when, never by who they are. Pure."""

import csv
import io
from typing import Final

from services.clusters.catalog.interests import ClusterInterests, Community, Hour
from services.clusters.terms.class_terms import WeightedTerm
from services.clusters.terms.sensitive_terms import is_sensitive
from shared.analysis import Frozen
from shared.formula import guarded

MOST_KEYWORDS: Final = 60


class Audience(Frozen):
    """Targeting for one cluster. Terms of sensitive kinds (health, politics, religion ...) are in none of it.

    `hours` are UTC, the busiest first. `communities` are groups within the cluster.
    """

    cluster: int
    name: str
    terms: list[WeightedTerm]
    hashtags: list[WeightedTerm]
    languages: dict[str, float]
    hours: list[Hour]
    communities: list[Community]


def audience(interests: ClusterInterests, name: str) -> Audience:
    """Return how a cluster called `name` is reached."""
    return Audience(
        cluster=interests.cluster,
        name=name,
        terms=[term for term in interests.terms if not is_sensitive(term.term)],
        hashtags=[tag for tag in interests.hashtags if not is_sensitive(tag.term)],
        languages=interests.languages,
        hours=interests.hours,
        communities=interests.communities,
    )


def keyword_list(told: Audience) -> str:
    """Return terms and hashtags as a keyword list of X Ads: one keyword a line, without a head, weightiest first."""
    keywords = sorted([*told.terms, *told.hashtags], key=lambda term: (-term.weight, term.term))
    sink = io.StringIO(newline="")
    csv.writer(sink).writerows([guarded(keyword.term)] for keyword in keywords[:MOST_KEYWORDS])
    return sink.getvalue()
