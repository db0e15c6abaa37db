"""How each cluster differs from all authors, as a map of shades."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from services.clusters.cards.cluster import ClusterCard
from services.clusters.plots.plot import FONT_SIZE, Plot, label, shown

_MOST_FEATURES = 24
_STRONG = 1.5
"""A difference of so many standard deviations has the darkest shade."""
_DARK = 0.6


def heat_map(cards: Sequence[ClusterCard]) -> Plot:
    """Return the z of each distinctive feature by described cluster; a cell without a number differs too little."""
    ordered = sorted(cards, key=lambda card: card.id)
    strongest: dict[str, float] = {}
    for card in ordered:
        for one in card.distinctive:
            strongest[one.feature] = max(strongest.get(one.feature, 0.0), abs(one.z))
    features = sorted(strongest, key=lambda feature: (-strongest[feature], feature))[:_MOST_FEATURES]
    told = "; ".join(
        f"{label(card.id, card.name)}: {', '.join(one.words for one in card.distinctive[:3]) or 'like all'}"
        for card in ordered
    )
    return Plot(
        "What sets clusters apart",
        f"Differences from all authors in standard deviations. {told or 'No cluster is described'}.",
        (2.6 + 0.95 * max(2, len(ordered)), 1.9 + 0.3 * max(2, len(features))),
        lambda axes: _draw(axes, ordered, features),
    )


def _draw(axes: Axes, cards: Sequence[ClusterCard], features: Sequence[str]) -> None:
    if not features:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no feature sets a cluster apart", ha="center", transform=axes.transAxes)
        return
    values = np.zeros((len(features), len(cards)))
    for column, card in enumerate(cards):
        for one in card.distinctive:
            if one.feature in features:
                values[features.index(one.feature), column] = one.z
    # By strength alone, so that it reads without colours; the sign stands in the cell.
    axes.imshow(np.abs(values), cmap="Greys", vmin=0, vmax=_STRONG, aspect="auto")
    for row, column in zip(*np.nonzero(values), strict=True):
        z = values[row, column]
        colour = "white" if abs(z) / _STRONG > _DARK else "black"
        axes.text(column, row, f"{z:+.1f}", ha="center", va="center", color=colour, fontsize=FONT_SIZE - 1)
    names = [shown(label(card.id, card.name), 24) for card in cards]
    axes.set_xticks(range(len(cards)), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(features)), [feature.replace("_", " ") for feature in features])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
