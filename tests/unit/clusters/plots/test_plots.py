"""Plots of runs: what they say in words, that they are pictures, and what they leave out."""

import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clusters.cards.cluster import ClusterCard, Distinctive
from services.clusters.fits.score import KScore
from services.clusters.plots.alluvial import alluvial
from services.clusters.plots.author_map import author_map
from services.clusters.plots.heat_map import heat_map
from services.clusters.plots.plot import Plot, render, shown
from services.clusters.plots.plotted_run import PlotFormat
from services.clusters.plots.scores import elbow, silhouettes, sizes

HOSTILE = "<script>alert()</script> $5 $x_2$ 很好 😡 \x07"
SVG = "{http://www.w3.org/2000/svg}"


def card(cluster: int, name: str, size: int, of: int = 100) -> ClusterCard:
    """Return a card with one distinctive feature."""
    feature = Distinctive(feature="posts", cluster_mean=5, overall_mean=2, z=1.2 - cluster, words="posts more often")
    return ClusterCard(
        id=cluster,
        name=name,
        size=size,
        share=size / of,
        centroid={},
        distinctive=[feature],
        mean_score=None,
        languages={},
        stability=1,
    )


def score(k: int, silhouette: float | None = 0.5) -> KScore:
    """Return a score of a k."""
    return KScore(k=k, inertia=100 / k, silhouette=silhouette, largest_share=0.6, smallest_size=10)


def points(*counts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points around a middle for each cluster, and their clusters."""
    random = np.random.default_rng(0)
    places = [random.normal(10 * cluster, 1, (count, 2)) for cluster, count in enumerate(counts)]
    return np.concatenate(places).astype(np.float32), np.repeat(np.arange(len(counts)), counts)


CARDS = [card(0, HOSTILE, 60), card(1, "fans", 40)]
NAMES = {0: HOSTILE, 1: "fans"}
PLOTS: dict[str, Callable[[], Plot]] = {
    "elbow": lambda: elbow([score(2), score(3), score(4)], 3),
    "silhouette": lambda: silhouettes([score(2), score(3), score(4, None)], 3),
    "sizes": lambda: sizes(CARDS),
    "map": lambda: author_map(*points(40, 9, 3), NAMES),
    "features": lambda: heat_map(CARDS),
    "lineage": lambda: alluvial({(0, 0): 50, (0, 1): 8, (1, 1): 30, (1, 0): 4}, NAMES, NAMES),
    "elbow of one k": lambda: elbow([score(4)], 4),
    "no silhouette": lambda: silhouettes([score(4, None)], 4),
    "sizes of none": lambda: sizes([]),
    "map of none": lambda: author_map(*points(3), {}),
    "map on a line": lambda: author_map(np.zeros((9, 2), np.float32), np.zeros(9, np.int64), {}),
    "features of none": lambda: heat_map([]),
    "lineage of none": lambda: alluvial({(0, 0): 4}, {}, {}),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_the_same_picture_each_time_with_its_words_in_it(name: str) -> None:
    """As SVG it carries title and description for screen readers, as PNG in its text."""
    plot = PLOTS[name]()
    svg = render(plot, PlotFormat.SVG)
    assert render(PLOTS[name](), PlotFormat.SVG) == svg
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == plot.title
    assert root.findtext(f"{SVG}desc") == "".join(filter(str.isprintable, plot.alt))
    png = render(plot, PlotFormat.PNG)
    assert png.startswith(b"\x89PNG")
    assert struct.pack(">I", int(plot.size[0] * 144)) == png[16:20]


def test_names_are_shown_as_text() -> None:
    """A name full of markup is no element of the picture, and its dollars are no formula."""
    root = ET.fromstring(render(sizes(CARDS), PlotFormat.SVG))  # noqa: S314 - our own
    assert not list(root.iter(f"{SVG}script"))
    assert any("$5 $x_2$" in "".join(text.itertext()) for text in root.iter(f"{SVG}text"))


def test_what_the_words_say_is_what_is_drawn() -> None:
    """Every figure of the plot stands in its description."""
    assert elbow([score(2), score(4)], 4).alt.endswith("is 50 at k = 2 and 25 at k = 4. k = 4 was chosen.")
    assert sizes([card(1, "fans", 40), card(0, "critics", 60)]).alt == (
        "Shares of the authors: 0 critics 60% and 1 fans 40%."
    )


def test_fewer_than_five_authors_are_on_no_map_and_in_no_flow() -> None:
    """Neither drawn nor told."""
    assert "cluster 2" not in author_map(*points(40, 9, 3), {}).alt
    with_few = render(author_map(*points(40, 9, 3), {}), PlotFormat.SVG)
    assert b"cluster 1" in with_few
    assert b"cluster 2" not in with_few
    assert "4 from" not in alluvial({(0, 0): 50, (1, 0): 4}, {}, {}).alt


def test_plots_read_without_colours() -> None:
    """Bars that lie beside one another differ in grey or in their hatching."""
    plot = sizes([card(place, f"c{place}", 20) for place in range(5)])
    svg = render(plot, PlotFormat.SVG).decode()
    assert svg.count("<pattern") == 4


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_any_name_becomes_characters_that_the_font_has(name: str) -> None:
    """Cut to its most, in one line; drawing it needs no box for a missing character."""
    cut = shown(name)
    assert len(cut) <= 34
    assert cut.isprintable()
    assert shown(cut) == cut


def test_a_map_of_many_is_thinned() -> None:
    """A hundred thousand authors make a picture of bounded size."""
    assert len(render(author_map(*points(60_000, 40_000), {}), PlotFormat.SVG)) < 2**20
