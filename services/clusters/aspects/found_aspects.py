"""From posts to aspects: computed in a worker process. Pure."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from services.clusters.aspects.aspect import AspectExample, AspectKind, JudgedAspect, Verdict
from services.clusters.aspects.candidates import Candidate, TermPosts, grouped
from services.clusters.cards.cluster_posts import CANDIDATES, SENSITIVE, sensitive_share
from services.clusters.movements.significance import discoveries, paired_counts
from services.clusters.posts import PostTable
from services.clusters.terms.class_terms import WeightedTerm
from services.clusters.terms.sensitive_terms import is_sensitive
from services.clusters.terms.token_table import Ints
from services.clusters.terms.tokens import tokens
from services.clusters.worker import Advance
from shared.small_groups import LEAST_PEOPLE, withheld

MOST: Final = 30
"""Aspects of terms, half of them those that most people praise."""
MOST_TERMS: Final = 6
LEAST_TOKENS: Final = 4
"""Words that a post must have to be an example."""
OPINIONS: Final = ("positive", "negative", "neutral")


def aspects_of(
    _: Advance, posts: pa.Table, members: pa.Table | None, examples: int
) -> tuple[list[JudgedAspect], str | None]:
    """Return the aspects of posts, those of most people first, and why there are none.

    Where `members` (`author_key`) are given, of posts by them alone; nothing is told of people who write about
    something sensitive. Aspects are found among posts that praise or blame; neutral posts about them count too. Each
    has up to `examples` posts. Of the verdicts about 5 % are chance (McNemar's test over people).
    """
    table = PostTable(posts)
    table = table.only(~np.isnan(table.numbers("score")) & table.truths("supported_language"))
    terms = TermPosts.of(table)
    uncommon = terms.uncommon(_numbered(table))
    if members is not None:
        keys = set(members["author_key"].to_pylist())
        inside = np.array([key in keys for key in table.strings("author_key")], dtype=np.bool_)
        table, terms, uncommon = table.only(inside), terms.only(inside), uncommon.only(inside)
    opinions = OpinionPosts(table, uncommon)
    if not opinions.opinionated.any():
        return [], "no post of the window with a text carries an opinion; choose a longer window"
    if members is not None and _is_sensitive(terms):
        return [], "these people write about what is inferred of nobody (health, politics, religion and the like)"
    found = [(AspectKind.CATEGORY, each) for each in opinions.categories()]
    found += [(AspectKind.TERMS, each) for each in opinions.terms()]
    p = np.array([opinions.chance(each) for _, each in found])
    told = [
        opinions.told(kind, group, is_sure=is_sure, most=examples)
        for (kind, group), is_sure in zip(found, discoveries(p).tolist(), strict=True)
    ]
    items = sorted(told, key=lambda one: (-one.people, one.kind, one.name))
    return items, None if items else f"no aspect is written about by {LEAST_PEOPLE} people; choose a longer window"


class OpinionPosts:
    """Posts with a score, and what they say."""

    def __init__(self, posts: PostTable, terms: TermPosts) -> None:
        """Take posts of people, and what of their words may be an aspect."""
        self._posts = posts
        self._people = _numbered(posts)
        self._labels = posts.strings("label")
        self._scores = posts.numbers("score")
        self.opinionated = np.isin(self._labels.astype(np.str_), ("positive", "negative"))
        self._terms = terms

    def categories(self) -> list[list[Candidate]]:
        """Return the labels of the category set that five people's posts have."""
        labels = self._posts.strings("category")
        names = sorted({label for label in labels if label is not None and not is_sensitive(label)})
        found = [(name, np.flatnonzero(labels == name).astype(np.int64)) for name in names]
        counted = [Candidate(name, posts, self._count(posts)) for name, posts in found]
        return [[one] for one in counted if one.people >= LEAST_PEOPLE]

    def terms(self) -> list[list[Candidate]]:
        """Return groups of terms that opinions are about: those of most people who praise, and of most who blame."""
        groups = grouped(self._terms.candidates(self._people, self.opinionated), self._posts)
        chosen: set[int] = set()
        for label in ("positive", "negative"):
            people = [len(self._saying(_together(group), label)) for group in groups]
            ranked = sorted(range(len(groups)), key=lambda at: (-people[at], at))
            chosen |= set(ranked[: MOST // 2])
        return [groups[at] for at in sorted(chosen)]

    def chance(self, group: Sequence[Candidate]) -> float:
        """Return how likely chance makes as many more people praise than blame."""
        posts = _together(group)
        praising, blaming = (self._saying(posts, label) for label in ("positive", "negative"))
        return float(paired_counts(len(np.setdiff1d(praising, blaming)), len(np.setdiff1d(blaming, praising))))

    def told(self, kind: AspectKind, group: Sequence[Candidate], *, is_sure: bool, most: int) -> JudgedAspect:
        """Return what is told of an aspect."""
        posts = _together(group)
        people = {label: len(self._saying(posts, label)) for label in OPINIONS}
        hidden = withheld(people)
        counts: dict[str, Any] = {
            label: None if label in hidden else int((self._labels[posts] == label).sum()) for label in OPINIONS
        }
        praised = people["positive"] > people["negative"]
        verdict = Verdict.MIXED if not is_sure else Verdict.PRAISED if praised else Verdict.BLAMED
        return JudgedAspect(
            name=group[0].name,
            kind=kind,
            terms=[one.name for one in group[:MOST_TERMS]],
            posts=len(posts),
            people=self._count(posts),
            verdict=verdict,
            mean_score=float(np.clip(self._scores[posts].mean(), 0, 1)),
            trend=self._trend(posts),
            examples=self._examples(posts, verdict, most),
            **counts,
        )

    def _saying(self, posts: Ints, label: str) -> Ints:
        return np.unique(self._people[posts[self._labels[posts] == label]])

    def _count(self, posts: Ints) -> int:
        return len(np.unique(self._people[posts]))

    def _trend(self, posts: Ints) -> float | None:
        hours = self._posts.hours
        middle = (int(hours.min()) + int(hours.max()) + 1) / 2
        halves = posts[hours[posts] < middle], posts[hours[posts] >= middle]
        if min(self._count(half) for half in halves) < LEAST_PEOPLE:
            return None
        earlier, later = (float(self._scores[half].mean()) for half in halves)
        return float(np.clip(later - earlier, -1, 1))

    def _examples(self, posts: Ints, verdict: Verdict, most: int) -> list[AspectExample]:
        """Return posts of different people that say it most clearly."""
        if not most:
            return []
        columns = ("post_key", "text", "language")
        keys, texts, languages = (self._posts.strings(name) for name in columns)
        sign = {Verdict.PRAISED: -1.0, Verdict.BLAMED: 1.0}.get(verdict, 0.0)
        kept = posts[~self._posts.truths("is_repost")[posts]].tolist()
        chosen: dict[int, AspectExample] = {}
        for at in sorted(kept, key=lambda at: (sign * self._scores[at], keys[at])):
            text = texts[at] or ""
            if int(self._people[at]) in chosen or is_sensitive(text) or len(tokens(text, languages[at])) < LEAST_TOKENS:
                continue
            chosen[int(self._people[at])] = AspectExample(post_key=keys[at], text=text, language=languages[at])
            if len(chosen) == most:
                break
        return list(chosen.values())


def _together(group: Sequence[Candidate]) -> Ints:
    return np.unique(np.concatenate([candidate.posts for candidate in group]))


def _numbered(posts: PostTable) -> Ints:
    """Return the number of each post's author."""
    return np.unique(posts.strings("author_key").astype(np.str_), return_inverse=True)[1].astype(np.int64)


def _is_sensitive(terms: TermPosts) -> bool:
    """Tell whether people write about something that is inferred of nobody."""
    uses = np.bincount(terms.terms, minlength=len(terms.names))
    top = sorted(range(len(uses)), key=lambda at: (-uses[at], terms.names[at]))[:CANDIDATES]
    return sensitive_share([WeightedTerm(term=terms.names[at], weight=int(uses[at])) for at in top]) >= SENSITIVE
