"""Which terms or topics of a segment drive a change of it, each with its share. Pure."""

from typing import Final

import numpy as np

from services.clusters.movements.marks import MarkedPeople, Marks
from services.clusters.movements.movement import Driver
from services.clusters.movements.significance import LEVEL, discoveries, means, proportions
from services.clusters.terms.sensitive_terms import is_sensitive
from services.clusters.terms.token_table import Floats

MOST: Final = 8
"""Drivers of a change."""
LEAST_SHARE: Final = 0.05
"""Who carries less of a change drives nothing."""
LIFT: Final = 1.5
"""A driver of a mood carries so many times more of the change than it has of the people in both windows."""


def drivers_of_size(marks: Marks, now: MarkedPeople, before: MarkedPeople) -> list[Driver]:
    """Return what drives a change in the number of people, the largest share first.

    A driver is a mark that a larger part of the people bears than before where the segment grew, and a larger part bore
    before where it shrank, by the two-proportion z-test; its share is the change of those who bear it in the change of
    all. A segment that only became larger or smaller, and writes what it wrote, has none.
    """
    change = now.present - before.present
    if not change:
        return []
    gain = (now.people - before.people) * np.sign(change)
    part = now.people / max(now.present, 1) - before.people / max(before.present, 1)
    borne = np.flatnonzero((now.people > 0) | (before.people > 0))
    p = proportions(now.people[borne], now.present, before.people[borne], before.present)
    if not (now.present and before.present):
        p = np.zeros(len(borne))  # nobody wrote in one of the windows: what is written in the other is all there is
    sure = borne[discoveries(p)]
    sure = sure[(gain[sure] > 0) & (part[sure] * np.sign(change) > 0)]
    return _told(marks, now, before, sure, gain[sure] / abs(change))


def drivers_of_mood(marks: Marks, now: MarkedPeople, before: MarkedPeople, change: float) -> list[Driver]:
    """Return what drives a change of the mean score, the largest share first.

    Both have the values of scores about the mean of before, so that what a mark adds now less what it added before is
    its part of the change (word shift graphs: Gallagher et al. 2021, after Kitagawa 1955); `change` is that of the
    segment's people. A driver's part is more than chance by Welch's test, at 5 % for each, as the whole change is more
    than chance already; and it is far above its lasting part of the people: what everybody writes at all times explains
    nothing.
    """
    shares = (now.mean - before.mean) / change
    borne = np.flatnonzero((now.people > 0) | (before.people > 0))
    p = means(
        (now.mean[borne], now.variance[borne], now.present),
        (before.mean[borne], before.variance[borne], before.present),
    )
    sure = borne[p <= LEVEL]
    part = np.minimum(now.people / max(now.present, 1), before.people / max(before.present, 1))
    sure = sure[shares[sure] >= LIFT * part[sure]]
    return _told(marks, now, before, sure, shares[sure])


def _told(marks: Marks, now: MarkedPeople, before: MarkedPeople, places: object, shares: Floats) -> list[Driver]:
    found = [
        Driver(name=marks.names[at], people=int(now.people[at]), people_before=int(before.people[at]), share=share)
        for at, share in zip(np.asarray(places).tolist(), shares.tolist(), strict=True)
        if share >= LEAST_SHARE and not is_sensitive(marks.names[at])
    ]
    return sorted(found, key=lambda driver: (-driver.share, driver.name))[:MOST]
