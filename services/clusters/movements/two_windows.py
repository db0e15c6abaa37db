"""The posts of segments in a window and in the one before it, side by side. Pure."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from services.clusters.cards.cluster_posts import SENSITIVE, ClusterPosts, sensitive_share
from services.clusters.cards.suppression import Ints, Mask, people_in
from services.clusters.movements.drivers import drivers_of_mood, drivers_of_size
from services.clusters.movements.marks import MarkedPeople, Marks
from services.clusters.movements.movement import Change, Direction, Driver
from services.clusters.movements.significance import means, paired_counts
from services.clusters.terms.token_table import Floats
from shared.small_groups import LEAST_PEOPLE, withheld

NOTABLE_SIZE = 0.05
"""The least change of a number of people that is told, as a part of the number before."""
NOTABLE_MOOD = 0.05
"""The least change of a mean score that is told."""
BEFORE, NOW = 0, 1


@dataclass(frozen=True)
class SegmentFigures:
    """The figures of one segment, before and now; None where they are not told."""

    people: list[int | None]
    posts: list[int | None]
    scores: list[float | None]


@dataclass(frozen=True)
class TwoWindows:
    """Posts of described clusters, `later` (posts,) those of the window, the others of the one before.

    `marks` are what may drive a change, by kind: terms and topics.
    """

    inside: ClusterPosts
    later: Mask
    marks: dict[str, Marks]

    def figures(self) -> list[SegmentFigures]:
        """Return the figures of each cluster, those of fewer than five people withheld and others beside them."""
        people, posts = self._counts(np.ones(len(self.later), np.bool_))
        scored_people, scored = self._counts(self._scored)
        told, told_scores = _told(people), _told(scored_people)
        cells = self._cells[self._scored]
        sums = np.bincount(cells, weights=self._scores[self._scored], minlength=people.size).reshape(people.shape)
        found = []
        for place in range(len(self.inside.ids)):
            each = range(2)
            found.append(
                SegmentFigures(
                    [int(people[place, at]) if told[place, at] else None for at in each],
                    [int(posts[place, at]) if told[place, at] else None for at in each],
                    [
                        float(np.clip(sums[place, at] / scored[place, at], 0, 1))
                        if told_scores[place, at] and scored[place, at]
                        else None
                        for at in each
                    ],
                )
            )
        return found

    def change_of_size(self, place: int, figures: SegmentFigures) -> Change | None:
        """Return how many more or fewer people of a cluster wrote, whatever its p; None where that is not notable.

        McNemar's exact test compares those who wrote in one window alone. Fewer than five people count as nought; where
        a number is withheld beside such a one, no change is told.
        """
        before, now = (number or 0 for number in figures.people)
        went, came = (self._people(place, one) for one in (BEFORE, NOW))
        beside = any(
            number is None and len(people) >= LEAST_PEOPLE
            for number, people in zip(figures.people, (went, came), strict=True)
        )
        if beside or abs(now - before) <= NOTABLE_SIZE * before:
            return None
        p = paired_counts(len(np.setdiff1d(came, went)), len(np.setdiff1d(went, came)))
        direction = Direction.GREW if now > before else Direction.SHRANK
        told = _numbers(figures.people, "{} people who wrote")
        return Change(
            direction=direction,
            since="window",
            value=figures.people[NOW],
            value_before=figures.people[BEFORE],
            p=float(p),
            words=f"{direction}: {told}",
        )

    def change_of_mood(self, place: int, figures: SegmentFigures) -> Change | None:
        """Return how the mean score of a cluster changed, whatever its p; None where that is not notable or not told.

        Welch's test compares people, each by the mean of their scores: the posts of one person are alike.
        """
        before, now = figures.scores
        if before is None or now is None or abs(now - before) < NOTABLE_MOOD:
            return None
        earlier, later = (self._person_means(place, one) for one in (BEFORE, NOW))
        if (later.mean() - earlier.mean()) * (now - before) <= 0:
            return None
        p = means((later.mean(), later.var(ddof=1), len(later)), (earlier.mean(), earlier.var(ddof=1), len(earlier)))
        direction = Direction.IMPROVED if now > before else Direction.WORSENED
        return Change(
            direction=direction,
            since="window",
            value=now,
            value_before=before,
            p=float(p),
            words=f"its mood {direction}: a mean score of {now:.2f}, {before:.2f} before",
        )

    def explained(self, place: int, change: Change) -> Change:
        """Return the change with what drives it; nothing is told of a cluster that is about something sensitive."""
        if not self._tellable[place]:
            return change
        drivers = {kind: self._drivers(place, change, marks) for kind, marks in self.marks.items()}
        return change.model_copy(update=drivers)

    def _drivers(self, place: int, change: Change, marks: Marks) -> list[Driver]:
        if change.direction in {Direction.GREW, Direction.SHRANK}:
            before, now = (self._marked(marks, place, window) for window in (BEFORE, NOW))
            return drivers_of_size(marks, now, before)
        mean = float(self._person_means(place, BEFORE).mean())
        values = np.where(self._scored, self._scores - mean, 0.0)
        before, now = (self._marked(marks, place, window, values) for window in (BEFORE, NOW))
        return drivers_of_mood(marks, now, before, float(self._person_means(place, NOW).mean()) - mean)

    def _marked(self, marks: Marks, place: int, window: int, values: Floats | None = None) -> MarkedPeople:
        inside = self._inside(place, window) & (self._scored if values is not None else True)
        found = MarkedPeople.of(marks, self.inside.people, inside, values)
        return found if found.present >= LEAST_PEOPLE else replace(found, present=0)

    def _inside(self, place: int, window: int) -> Mask:
        inside: Mask = (self.inside.clusters == place) & (self.later == bool(window))
        return inside

    def _people(self, place: int, window: int) -> Ints:
        return np.unique(self.inside.people[self._inside(place, window)])

    def _person_means(self, place: int, window: int) -> Floats:
        inside = self._inside(place, window) & self._scored
        people = np.unique(self.inside.people[inside], return_inverse=True)[1]
        found: Floats = np.bincount(people, weights=self._scores[inside]) / np.bincount(people)
        return found

    def _counts(self, kept: Mask) -> tuple[Ints, Ints]:
        """Return people and posts of each cluster, (clusters, 2), before and now."""
        shape = (len(self.inside.ids), 2)
        windows = self.later[kept].astype(np.int64)
        people = people_in(self.inside.clusters[kept], windows, self.inside.people[kept], shape)
        posts: Ints = np.bincount(self._cells[kept], minlength=shape[0] * 2).reshape(shape)
        return people, posts

    @cached_property
    def _cells(self) -> Ints:
        return self.inside.clusters * 2 + self.later

    @cached_property
    def _scores(self) -> Floats:
        return self.inside.posts.numbers("score")

    @cached_property
    def _scored(self) -> Mask:
        return ~np.isnan(self._scores) & self.inside.posts.truths("supported_language")

    @cached_property
    def _tellable(self) -> list[bool]:
        return [sensitive_share(terms) < SENSITIVE for terms in self.inside.terms()]


def _told(people: Ints) -> Mask:
    """Return which cells of (clusters, 2) may be told: profiles tells the totals of each window, not of clusters."""
    told = np.ones(people.shape, np.bool_)
    for window in (BEFORE, NOW):
        told[list(withheld(dict(enumerate(people[:, window].tolist())))), window] = False
    return told


def _numbers(figures: list[int | None], words: str) -> str:
    before, now = ("fewer than are told" if number is None else str(number) for number in figures)
    return f"{words.format(now)}, {before} before"
