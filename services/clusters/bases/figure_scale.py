"""The scale of profiles' figures: fitted on a training's authors, kept, applied to other authors. Pure."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.clusters.bases.basis import DroppedFeature, FilledFeature
from services.clusters.bases.behaviour import BEHAVIOUR
from services.clusters.bases.matrix import Floats

FARTHEST = 4.0
"""Scaled values are cut to this many standard deviations, so that no single author makes a cluster of their own."""

_FLAT = 1e-12


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

    @classmethod
    def fitted_on(cls, transformed: Floats) -> Self:
        """Return the scale of (authors, features of `BEHAVIOUR`), NaN where unknown.

        Features that are known of no author, or are the same for all, are not kept.
        """
        kept = np.flatnonzero([_reason(column) is None for column in transformed.T]).astype(np.int64)
        values = transformed[:, kept]
        if not values.size:
            nothing = np.zeros(0)
            return cls(kept, nothing, nothing, nothing)
        deviations = np.nanstd(values, axis=0)
        return cls(
            kept,
            np.nanmedian(values, axis=0),
            np.nanmean(values, axis=0),
            np.where(deviations < _FLAT, 1.0, deviations),
        )

    def rows(self, transformed: Floats) -> Floats:
        """Return (authors, kept features) with mean 0 and deviation 1 among the fitted, cut to ±`FARTHEST`.

        An unknown value becomes the median of the known ones: an author whose followers are unknown should lie
        where most lie and be placed by what is known of them; a mean would follow the heavy tail.
        """
        values = transformed[:, self.kept]
        filled = np.where(np.isnan(values), self.medians, values)
        scaled: Floats = np.clip((filled - self.means) / self.deviations, -FARTHEST, FARTHEST)
        return scaled


def dropped_features(transformed: Floats) -> tuple[DroppedFeature, ...]:
    """Return the features that a scale fitted on these values does not keep, and why."""
    reasons = [(feature.name, _reason(column)) for feature, column in zip(BEHAVIOUR, transformed.T, strict=True)]
    return tuple(DroppedFeature(feature=name, reason=reason) for name, reason in reasons if reason is not None)


def filled_features(transformed: Floats, kept: NDArray[np.int64]) -> tuple[FilledFeature, ...]:
    """Return of which kept features some authors' values are unknown, and of how many authors."""
    unknown = np.isnan(transformed).sum(axis=0)
    return tuple(
        FilledFeature(feature=BEHAVIOUR[place].name, authors=int(unknown[place])) for place in kept if unknown[place]
    )


def _reason(values: Floats) -> str | None:
    values = values[~np.isnan(values)]
    if not values.size:
        return "not known for any author"
    if np.ptp(values) < _FLAT:
        return "the same for every author it is known for"
    return None
