"""What every plot has: a title, a text in place of the picture, and the bytes of it."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from services.clusters.plots.plotted_run import PlotFormat

DOTS_PER_INCH: Final = 144
FONT_SIZE: Final = 9
INK: Final = "#222222"
GREYS: Final = ("#4c6a92", "#b8c9dd", "#8a8a8a", "#dddddd", "#5f7f5f", "#c9b18a")
"""Fills whose lightness differs from one to the next, so that they part in print."""
HATCHES: Final = ("", "//", "--", "xx", "\\\\", "||")
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
LINES: Final = ("-", "--", ":", "-.")
_LONGEST: Final = 34
_SETTINGS: Final[Any] = {
    "svg.hashsalt": "voxpop",
    "svg.fonttype": "none",
    "font.size": FONT_SIZE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "text.parse_math": False,
    "text.color": INK,
}


@dataclass(frozen=True)
class Plot:
    """A drawing that is not made yet; `size` is width and height in inches.

    `alt` says in words what the picture shows, for readers who do not see it.
    """

    title: str
    alt: str
    size: tuple[float, float]
    draw: Callable[[Axes], None]


def render(plot: Plot, form: PlotFormat) -> bytes:
    """Return the picture, with title and `alt` in it; the same plot gives the same bytes. One call at a time."""
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=plot.size, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.set_title(shown(plot.title, 100), loc="left", fontsize=FONT_SIZE + 2)
        plot.draw(axes)
        sink = io.BytesIO()
        if form is PlotFormat.PNG:
            told: dict[str, Any] = {"Software": None, "Title": _latin(plot.title), "Description": _latin(plot.alt)}
            figure.savefig(sink, format="png", dpi=DOTS_PER_INCH, metadata=told)
            return sink.getvalue()
        figure.savefig(sink, format="svg", dpi=DOTS_PER_INCH, metadata={"Date": None})
    return _accessible(sink.getvalue().decode(), plot).encode()


def shown(text: str, longest: int = _LONGEST) -> str:
    """Return the characters that the font has, cut to `longest`: a missing one would be an empty box."""
    font = get_font(findfont("DejaVu Sans"))
    known = "".join(character for character in text if character.isprintable() and font.get_char_index(ord(character)))
    known = " ".join(known.split())
    return known if len(known) <= longest else f"{known[: longest - 1].rstrip()}…"


def label(cluster: int, name: str | None) -> str:
    """Return how a cluster is called in a plot: its id, and its name where it has one."""
    called = shown(name or "")
    return f"{cluster} {called}" if called else f"cluster {cluster}"


def listed(parts: Sequence[str]) -> str:
    """Return such as `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _latin(text: str) -> str:
    """Return the text in the characters that a PNG's text chunk holds."""
    return text.encode("latin-1", "replace").decode("latin-1")


def _accessible(svg: str, plot: Plot) -> str:
    """Give the root element its role, and the title and description that screen readers read."""
    title, alt = escape(_plain(plot.title)), escape(_plain(plot.alt))
    words = f'<title id="title">{title}</title><desc id="desc">{alt}</desc>'
    return re.sub(
        r"<svg ([^>]*)>", lambda tag: f'<svg role="img" aria-labelledby="title desc" {tag[1]}>{words}', svg, count=1
    )


def _plain(text: str) -> str:
    """Return the text without the control characters that no XML may hold."""
    return "".join(character for character in text if character.isprintable())
