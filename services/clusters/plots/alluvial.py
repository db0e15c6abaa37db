"""Where the authors of one run's clusters are in the next run: an alluvial diagram."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from services.clusters.plots.plot import GREYS, HATCHES, INK, Plot, label, listed
from shared.small_groups import LEAST_PEOPLE

Flows = Mapping[tuple[int, int], int]
"""How many authors went from a cluster of the run before to one of this run."""
Names = Mapping[int, str]

_GAP = 0.02
_BAR = 0.06
_TOLD = 12


def alluvial(flows: Flows, before: Names, after: Names) -> Plot:
    """Return the flows of five people or more; `before` and `after` name the clusters of the two runs."""
    told = {pair: count for pair, count in flows.items() if count >= LEAST_PEOPLE}
    strongest = sorted(told, key=lambda pair: (-told[pair], pair))[:_TOLD]
    words = listed([f"{told[a, b]:,} from {label(a, before.get(a))} to {label(b, after.get(b))}" for a, b in strongest])
    tallest = max(len({a for a, _ in told}), len({b for _, b in told}), 3)
    return Plot(
        "From the run before to this one",
        f"Authors by cluster: {words or 'fewer than five are in both runs'}.",
        (7.6, 1.6 + 0.5 * tallest),
        lambda axes: _draw(axes, told, before, after),
    )


def _draw(axes: Axes, flows: Flows, before: Names, after: Names) -> None:
    axes.set_axis_off()
    if not flows:
        axes.text(0.5, 0.5, "fewer than five authors are in both runs", ha="center", transform=axes.transAxes)
        return
    total = sum(flows.values())
    left = _stacked(flows, 0, total)
    right = _stacked(flows, 1, total)
    for side, places, names in ((0.0, left, before), (1.0, right, after)):
        _bars(axes, side, places, names)
    used_left, used_right = ({one: low for one, (low, _) in places.items()} for places in (left, right))
    for a, b in sorted(flows):
        height = flows[a, b] / total
        _ribbon(axes, used_left[a], used_right[b], height, sorted(left).index(a))
        used_left[a] += height
        used_right[b] += height
    axes.set_xlim(-0.55, 1.55)
    axes.set_ylim(max(high for places in (left, right) for _, high in places.values()) + _GAP, -_GAP)


def _stacked(flows: Flows, end: int, total: int) -> dict[int, tuple[float, float]]:
    """Return from where to where each cluster's bar goes."""
    places, top = {}, 0.0
    for cluster in sorted({pair[end] for pair in flows}):
        height = sum(count for pair, count in flows.items() if pair[end] == cluster) / total
        places[cluster] = top, top + height
        top += height + _GAP
    return places


def _bars(axes: Axes, side: float, places: Mapping[int, tuple[float, float]], names: Names) -> None:
    for place, (cluster, (low, high)) in enumerate(sorted(places.items())):
        left = side - _BAR / 2
        axes.bar(
            left, high - low, _BAR, low, align="edge", color=GREYS[place % len(GREYS)], edgecolor=INK, linewidth=0.6,
            hatch=HATCHES[place % len(HATCHES)],
        )  # fmt: skip
        offset, align = (-_BAR, "right") if side == 0 else (_BAR, "left")
        axes.text(side + offset, (low + high) / 2, label(cluster, names.get(cluster)), ha=align, va="center")


def _ribbon(axes: Axes, low: float, arrived: float, height: float, place: int) -> None:
    start, end = _BAR / 2, 1 - _BAR / 2
    corners: Sequence[tuple[float, float]] = [
        *[(start, low), (0.5, low), (0.5, arrived), (end, arrived), (end, arrived + height)],
        *[(0.5, arrived + height), (0.5, low + height), (start, low + height), (start, low)],
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    colour = GREYS[place % len(GREYS)]
    axes.add_patch(
        PathPatch(Path(np.array(corners), codes), facecolor=colour, alpha=0.45, edgecolor=INK, linewidth=0.3)
    )
