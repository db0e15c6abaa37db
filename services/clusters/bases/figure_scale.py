"""The scale of profiles' figures: fitted on a training's authors, kept, applied to other authors. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.clusters.bases.basis import DroppedFeature, FilledFeature
from services.clusters.bases.behaviour import BEHAVIOUR
from services.clusters.bases.matrix import Floats

FARTHEST = 4.0
"""Scaled values are cut to this many standard deviations, so that no single author makes a cluster of their own."""

_FLAT = 1e-12
_MOST_FOR_MEDIAN = 100_000
_BLOCK = 8_192


@dataclass(frozen=True)
class FigureScale:
    """Which features are compared, and how: each array has one value a kept feature.

    `kept` are places in `BEHAVIOUR`, ascending. Medians, means and standard deviations are of the known values of
    the authors that the scale was fitted on, after log1p of heavy-tailed counts.
    """

    kept: NDArray[np.int64]
    medians: Floats
    means: Floats
    deviations: Floats

    def rows(self, transformed: Floats) -> Floats:
        """Return (authors, kept features) with mean 0 and deviation 1 among the fitted, cut to ±`FARTHEST`.

        An unknown value becomes the median of the known ones: an author whose followers are unknown should lie
        where most lie and be placed by what is known of them; a mean would follow the heavy tail.
        """
        rows = np.empty((len(transformed), len(self.kept)))
        for first in range(0, len(rows), _BLOCK):
            values = transformed[first : first + _BLOCK, self.kept]
            filled = np.where(np.isnan(values), self.medians, values)
            np.clip((filled - self.means) / self.deviations, -FARTHEST, FARTHEST, out=rows[first : first + _BLOCK])
        return rows


@dataclass(frozen=True)
class FittedScale:
    """A scale, the features that tell no authors apart and so are not in it, and those in it that some lack."""

    scale: FigureScale
    dropped: tuple[DroppedFeature, ...]
    filled: tuple[FilledFeature, ...]


def fit_scale(transformed: Floats) -> FittedScale:
    """Return the scale of (authors, features of `BEHAVIOUR`), NaN where unknown.

    Features that are known of no author, or are the same for all, are dropped. The median is of at most 100,000
    authors, evenly taken out of the rows.
    """
    kept: list[tuple[int, float, float, float]] = []
    dropped, filled = [], []
    for place, feature in enumerate(BEHAVIOUR):
        column = np.ascontiguousarray(transformed[:, place])
        values = column[~np.isnan(column)]
        if not values.size:
            dropped.append(DroppedFeature(feature=feature.name, reason="not known for any author"))
        elif np.ptp(values) < _FLAT:
            dropped.append(DroppedFeature(feature=feature.name, reason="the same for every author it is known for"))
        else:
            step = -(-len(values) // _MOST_FOR_MEDIAN)
            deviation = float(values.std())
            kept.append((place, float(np.median(values[::step])), float(values.mean()), max(deviation, _FLAT)))
            if len(values) < len(column):
                filled.append(FilledFeature(feature=feature.name, authors=len(column) - len(values)))
    places, *figures = zip(*kept, strict=True) if kept else ((), (), (), ())
    medians, means, deviations = (np.array(each, dtype=np.float64) for each in figures)
    scale = FigureScale(np.array(places, dtype=np.int64), medians, means, deviations)
    return FittedScale(scale, tuple(dropped), tuple(filled))
