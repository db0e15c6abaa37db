"""How well each k fits: the elbow of the inertia, and silhouettes. And how large the clusters are."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from services.clusters.cards.cluster import ClusterCard
from services.clusters.fits.score import KScore
from services.clusters.plots.plot import GREYS, HATCHES, INK, Plot, label, listed

_WIDTH = 6.4
_LEAST_HEIGHT = 2.2
_BAR = 0.34


def elbow(scores: Sequence[KScore], chosen: int) -> Plot:
    """Return inertia by k with the chosen k marked; `scores` are ascending by k, at least one."""
    curve = [(score.k, score.inertia) for score in scores]
    told = listed([f"{inertia:,.0f} at k = {k}" for k, inertia in curve])
    return Plot(
        "Inertia by number of clusters",
        f"The sum of squared distances to the centres is {told}. k = {chosen} was chosen.",
        (_WIDTH, 3.6),
        lambda axes: _curve(axes, curve, chosen, "inertia"),
    )


def silhouettes(scores: Sequence[KScore], chosen: int) -> Plot:
    """Return the mean silhouette by k with the chosen k marked; where none is known the plot says so."""
    curve = [(score.k, score.silhouette) for score in scores if score.silhouette is not None]
    told = listed([f"{value:.2f} at k = {k}" for k, value in curve]) or "not known"
    return Plot(
        "Silhouette by number of clusters",
        f"The mean silhouette, from -1 to 1 where more is better, is {told}. k = {chosen} was chosen.",
        (_WIDTH, 3.6),
        lambda axes: _curve(axes, curve, chosen, "mean silhouette"),
    )


def sizes(cards: Sequence[ClusterCard]) -> Plot:
    """Return the share of authors of each described cluster, largest first."""
    ordered = sorted(cards, key=lambda card: (-card.size, card.id))
    told = listed([f"{label(card.id, card.name)} {card.share:.0%}" for card in ordered]) or "none is described"
    return Plot(
        "Share of authors by cluster",
        f"Shares of the authors: {told}.",
        (_WIDTH, max(_LEAST_HEIGHT, 0.8 + _BAR * len(ordered))),
        lambda axes: _bars(axes, ordered),
    )


def _curve(axes: Axes, curve: Sequence[tuple[int, float]], chosen: int, what: str) -> None:
    axes.set_xlabel("number of clusters k")
    axes.set_ylabel(what)
    if not curve:
        axes.text(0.5, 0.5, "not known", ha="center", transform=axes.transAxes)
        return
    ks = [k for k, _ in curve]
    axes.plot(ks, [value for _, value in curve], marker="o", color=GREYS[0], markersize=4)
    axes.set_xticks(ks)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    for k, value in curve:
        if k == chosen:
            axes.plot([k], [value], marker="o", markersize=11, markerfacecolor="none", markeredgecolor=INK)
            axes.annotate(f"k = {k}", (k, value), textcoords="offset points", xytext=(9, 9))
    if len(ks) == 1:
        axes.set_xlim(ks[0] - 1, ks[0] + 1)


def _bars(axes: Axes, ordered: Sequence[ClusterCard]) -> None:
    places = range(len(ordered))
    bars = axes.barh(places, [100 * card.share for card in ordered], edgecolor=INK, linewidth=0.6)
    for place, bar in enumerate(bars):
        bar.set_facecolor(GREYS[place % len(GREYS)])
        bar.set_hatch(HATCHES[place % len(HATCHES)])
    axes.bar_label(bars, [f"{card.share:.0%} ({card.size:,})" for card in ordered], padding=4)
    axes.set_yticks(places, [label(card.id, card.name) for card in ordered])
    axes.invert_yaxis()
    axes.set_xlabel("% of authors")
    axes.margins(x=0.18)
