"""What a card tells of the posts of its cluster, and which of them stand for it. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np

from services.clusters.cards.cluster import CategoryShare, ScoreTrend, TopEntity
from services.clusters.cards.cluster_posts import SENSITIVE, ClusterPosts, sensitive_share
from services.clusters.cards.themes import themes_of, units
from services.clusters.posts import PostTable
from services.clusters.terms.class_terms import WeightedTerm
from services.clusters.terms.sensitive_terms import is_sensitive
from services.clusters.terms.tokens import tokens
from shared.small_groups import LEAST_PEOPLE

MOST_TERMS: Final = 15
LEAST_TOKENS: Final = 4
"""Words that a post must have to stand for others."""


@dataclass(frozen=True)
class PostSummary:
    """Of one cluster's posts. `theme` are the words that may name it, best first; `examples` are keys of posts."""

    theme: list[str] = field(default_factory=list)
    terms: list[WeightedTerm] = field(default_factory=list)
    entities: list[TopEntity] = field(default_factory=list)
    categories: list[CategoryShare] = field(default_factory=list)
    weekdays: dict[str, float] = field(default_factory=dict)
    trend: ScoreTrend | None = None
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PostSummaries:
    """The summary of each cluster that has posts, by its id."""

    of: Mapping[int, PostSummary]

    @classmethod
    def made(cls, posts: PostTable, assignment: Mapping[str, int], described: AbstractSet[int], examples: int) -> Self:
        """Summarise the posts of the described clusters; `assignment` has the cluster of each author key.

        Of each cluster at most `examples` posts stand for it, of different people, where five and more wrote. Of a
        cluster that is about something sensitive neither terms nor entities nor posts are told.
        """
        inside = ClusterPosts.of(posts, assignment, described)
        terms = inside.terms()
        themes = themes_of(inside, terms)
        tellable = [sensitive_share(told) < SENSITIVE for told in terms]
        columns = zip(
            inside.ids,
            terms,
            inside.entities(),
            inside.categories(),
            inside.weekdays(),
            inside.trends(),
            _examples(inside, examples),
            tellable,
            strict=True,
        )
        return cls(
            {
                cluster: PostSummary(
                    theme=themes.get(cluster, []),
                    terms=[term for term in told if is_told and not is_sensitive(term.term)][:MOST_TERMS],
                    entities=entities if is_told else [],
                    categories=categories,
                    weekdays=weekdays,
                    trend=trend,
                    examples=keys if is_told else [],
                )
                for cluster, told, entities, categories, weekdays, trend, keys, is_told in columns
            }
        )

    def find(self, cluster: int) -> PostSummary:
        """Return the summary of a cluster, an empty one where it has none."""
        return self.of.get(cluster, PostSummary())


def _examples(posts: ClusterPosts, most: int) -> list[list[str]]:
    """Return the keys of the posts nearest to each cluster's mean embedding, one of each person at the most.

    Near is told about the mean of all clusters: a post that any cluster could have written stands for none.
    """
    embeddings, known = posts.posts.embeddings
    if not most or not known.any():
        return [[] for _ in posts.ids]
    vectors = units(embeddings)
    kept = known & ~posts.posts.truths("is_repost")
    means = [vectors[kept & (posts.clusters == place)] for place in range(len(posts.ids))]
    centroids = np.stack([mean.mean(axis=0) if len(mean) else np.zeros(vectors.shape[1]) for mean in means])
    directions = units(centroids - centroids.mean(axis=0))
    near = (units(vectors - centroids.mean(axis=0)) * directions[posts.clusters]).sum(axis=1)
    keys, texts, languages = (posts.posts.strings(name) for name in ("post_key", "text", "language"))
    found: list[list[str]] = []
    for place in range(len(posts.ids)):
        inside = np.flatnonzero(kept & (posts.clusters == place))
        chosen: dict[int, str] = {}
        read: set[str] = set()
        if len(np.unique(posts.people[inside])) >= LEAST_PEOPLE:
            for at in sorted(inside.tolist(), key=lambda at: (-near[at], keys[at])):
                words = " ".join(tokens(texts[at] or "", languages[at]))
                if int(posts.people[at]) in chosen or words in read or words.count(" ") + 1 < LEAST_TOKENS:
                    continue
                if is_sensitive(texts[at]):
                    continue
                chosen[int(posts.people[at])] = str(keys[at])
                read.add(words)
                if len(chosen) == most:
                    break
        found.append(list(chosen.values()))
    return found
