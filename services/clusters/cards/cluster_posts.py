"""What the people of each cluster write, in figures: terms, entities, categories, days and their sentiment. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final, Literal, Self

import numpy as np

from services.clusters.cards.cluster import CategoryShare, ScorePoint, ScoreTrend, TopEntity
from services.clusters.cards.suppression import Ints, Mask, people_in, told_cells
from services.clusters.posts import PostTable
from services.clusters.terms.class_terms import ClassCounts, WeightedTerm, told_terms
from services.clusters.terms.sensitive_terms import is_sensitive
from services.clusters.terms.token_table import Floats, TokenTable
from services.clusters.terms.tokens import tokens
from shared.small_groups import LEAST_PEOPLE
from shared.words import folded_name, shown_name

MOST_ENTITIES: Final = 10
MOST_CATEGORIES: Final = 10
CANDIDATES: Final = 60
"""Terms looked at of each cluster, those that are not told among them."""
SENSITIVE: Final = 0.2
"""The share of the weight of a cluster's terms from which it is about something that is inferred of no person."""
DAYS_OF_DAYS: Final = 28
"""Posts that are spread over more days are told by the week."""
LEAST_POINTS: Final = 3
_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
_FIRST_MONDAY: Final = 4 * _DAY
"""Of Unix time, which begins on a Thursday."""
CHANGED: Final = 0.05
"""A mean score that moves less from the first day to the last is steady."""
SURE: Final = 2.0
"""Standard errors that a slope must be away from nought."""
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class ClusterPosts:
    """The posts of the described clusters; `clusters` and `people` have one entry a post.

    `clusters` are places in `ids`, people are numbered. Posts of other authors are left out.
    """

    ids: list[int]
    posts: PostTable
    clusters: Ints
    people: Ints

    @classmethod
    def of(cls, posts: PostTable, assignment: Mapping[str, int], described: AbstractSet[int]) -> Self:
        """Take those posts whose author is in a described cluster."""
        ids = sorted(described)
        found = posts.clusters(dict(assignment))
        inside = np.isin(found, ids)
        kept = posts.only(inside)
        keys = np.array(kept.table["author_key"].to_pylist(), dtype=np.str_)
        people = np.unique(keys, return_inverse=True)[1].astype(np.int64)
        return cls(ids, kept, np.searchsorted(ids, found[inside]).astype(np.int64), people)

    @cached_property
    def words(self) -> TokenTable:
        """Return the words of each post, collocations joined."""
        columns = (self.posts.table[name].to_pylist() for name in ("text", "language"))
        documents = [tokens(text or "", language) for text, language in zip(*columns, strict=True)]
        return TokenTable.of(documents).with_collocations()

    def terms(self) -> list[list[WeightedTerm]]:
        """Return the weightiest terms of each cluster, sensitive ones among them, none of fewer than five people."""
        found = told_terms(ClassCounts.of(self.words, self.clusters, self._authors), range(len(self.ids)), CANDIDATES)
        return [found[place] for place in range(len(self.ids))]

    def entities(self) -> list[list[TopEntity]]:
        """Return the entities that set each cluster apart, by class-based TF-IDF, each named there by five people."""
        written: dict[str, Counter[str]] = {}
        documents: list[list[str]] = []
        for entities in self.posts.entities:
            named = {f"{kind}|{folded_name(text)}": shown_name(text) for text, kind in entities}
            documents.append(sorted(named))
            for name, form in named.items():
                written.setdefault(name, Counter())[form] += 1
        counts = ClassCounts.of(TokenTable.of(documents), self.clusters, self._authors)
        weights = counts.weights()
        found: list[list[TopEntity]] = []
        for place in range(len(self.ids)):
            told = np.flatnonzero((counts.classes == place) & (counts.authors >= LEAST_PEOPLE)).tolist()
            ranked = sorted((-float(weights[at]), counts.words[counts.terms[at]]) for at in told)
            top = [
                _entity(name, written[name], -weight)
                for weight, name in ranked
                if not is_sensitive(name[name.index("|") :])
            ]
            found.append(top[:MOST_ENTITIES])
        return found

    def categories(self) -> list[list[CategoryShare]]:
        """Return the shares of each cluster's categorised posts by category, the largest first."""
        labels = self.posts.strings("category")
        known = np.array([label is not None for label in labels], dtype=np.bool_)
        names, columns = np.unique(labels[known].astype(np.str_), return_inverse=True)
        shape = (len(self.ids), max(len(names), 1))
        posts, told = self._cells(known, columns, shape)
        found = []
        for place in range(len(self.ids)):
            shares = posts[place] / max(posts[place].sum(), 1)
            ranked = sorted(np.flatnonzero(told[place]).tolist(), key=lambda at: (-shares[at], names[at]))
            shown = [CategoryShare(category=str(names[at]), share=float(shares[at])) for at in ranked]
            found.append([one for one in shown if not is_sensitive(one.category)][:MOST_CATEGORIES])
        return found

    def weekdays(self) -> list[dict[str, float]]:
        """Return the shares of each cluster's posts by weekday (UTC)."""
        days = (self.posts.hours - _FIRST_MONDAY) % _WEEK // _DAY
        posts, told = self._cells(np.ones(len(days), np.bool_), days, (len(self.ids), 7))
        return [
            {
                WEEKDAYS[day]: float(posts[place, day] / posts[place].sum())
                for day in np.flatnonzero(told[place]).tolist()
            }
            for place in range(len(self.ids))
        ]

    def trends(self) -> list[ScoreTrend | None]:
        """Return how each cluster's mean score moves; None where fewer than three days or weeks may be told."""
        scores, hours = self.posts.numbers("score"), self.posts.hours
        scored = ~np.isnan(scores) & self.posts.truths("supported_language")
        if not scored.any():
            return [None] * len(self.ids)
        by: Literal["day", "week"] = "day" if np.ptp(hours[scored]) < DAYS_OF_DAYS * _DAY else "week"
        periods = hours // _DAY * _DAY if by == "day" else (hours - _FIRST_MONDAY) // _WEEK * _WEEK + _FIRST_MONDAY
        starts, columns = np.unique(periods[scored], return_inverse=True)
        _, told = self._cells(scored, columns, (len(self.ids), len(starts)))
        of_post, values = self.clusters[scored], scores[scored]
        found: list[ScoreTrend | None] = []
        for place in range(len(self.ids)):
            shown = np.flatnonzero(told[place])
            inside = (of_post == place) & told[place, columns]
            points = [
                ScorePoint(start=_day(int(starts[at])), mean_score=_mean(values[inside & (columns == at)]))
                for at in shown.tolist()
            ]
            words = _direction(starts[columns[inside]].astype(np.float64), values[inside])
            found.append(ScoreTrend(by=by, words=words, points=points) if len(points) >= LEAST_POINTS else None)
        return found

    @cached_property
    def _authors(self) -> list[str]:
        return [str(number) for number in self.people.tolist()]

    def _cells(self, kept: Mask, columns: Ints, shape: tuple[int, int]) -> tuple[Ints, Mask]:
        """Return the posts of each cell and which cells may be told; `columns` has one entry a kept post."""
        rows = self.clusters[kept]
        posts: Ints = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)
        return posts, told_cells(people_in(rows, columns, self.people[kept], shape))


def sensitive_share(terms: Sequence[WeightedTerm]) -> float:
    """Return the share of the weight that sensitive terms have, 0 to 1."""
    total = sum(term.weight for term in terms)
    return sum(term.weight for term in terms if is_sensitive(term.term)) / total if total else 0.0


def _entity(name: str, forms: Counter[str], weight: float) -> TopEntity:
    kind: Any = name.partition("|")[0]
    return TopEntity(text=min(forms, key=lambda form: (-forms[form], form)), type=kind, weight=weight)


def _mean(values: Floats) -> float:
    return float(np.clip(values.mean(), 0.0, 1.0))


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _direction(times: Floats, scores: Floats) -> Literal["rising", "falling", "steady"]:
    """Tell the direction of a least-squares line through the posts; steady where it is flat or not sure."""
    spread = times - times.mean() if len(times) else times
    square = float((spread**2).sum())
    if len(times) <= LEAST_POINTS or not square:
        return "steady"
    slope = float((spread * scores).sum()) / square
    rest = scores - scores.mean() - slope * spread
    error = float(np.sqrt((rest**2).sum() / (len(times) - 2) / square))
    if abs(slope) * float(np.ptp(times)) < CHANGED or abs(slope) <= SURE * error:
        return "steady"
    return "rising" if slope > 0 else "falling"
