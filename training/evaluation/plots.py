"""Pictures of a classifier's figures: its confusion matrix and its reliability diagram."""

from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from training.measures import Calibration, ClassReport

_DARK: Final = 0.5
_BLUE: Final = "#2f6ea5"
_SIZE: Final = 3.6
_LONG_LABELS: Final = 4
"""From more labels on, those below the matrix are turned so that they do not run into each other."""

mpl.rcParams["svg.hashsalt"] = "voxpop"


def draw(report: ClassReport, title: str, path: Path) -> None:
    """Write both pictures side by side to `path`, an .svg or .png; without a calibration the matrix alone.

    The same report gives the same bytes.
    """
    pictures = 1 if report.calibration is None else 2
    scale = max(1.0, len(report.classes) / 4)
    figure = Figure(figsize=(_SIZE * scale + (pictures - 1) * _SIZE * 1.1, _SIZE * scale), layout="constrained")
    FigureCanvasAgg(figure)
    ratios = [scale] if pictures == 1 else [scale, 1]
    axes = np.atleast_1d(figure.subplots(1, pictures, width_ratios=ratios))
    figure.suptitle(title, fontsize=10)
    _confusion(axes[0], report)
    if report.calibration is not None:
        _reliability(axes[1], report.calibration)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})


def _confusion(axes: Axes, report: ClassReport) -> None:
    counts = np.array(report.confusion, dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    labels = [each.label for each in report.classes]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(shares.shape):
        colour = "white" if shares[row, column] > _DARK else "black"
        shown = f"{shares[row, column]:.0%}\n{int(counts[row, column])}"
        axes.text(column, row, shown, ha="center", va="center", fontsize=7, color=colour)
    turned = len(labels) > _LONG_LABELS
    axes.set_xticks(
        range(len(labels)), labels, fontsize=8, rotation=35 if turned else 0, ha="right" if turned else "center"
    )
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_xlabel("called", fontsize=8)
    axes.set_ylabel("is", fontsize=8)


def _reliability(axes: Axes, calibration: Calibration) -> None:
    total = sum(each.texts for each in calibration.bins)
    for each in calibration.bins:
        width = each.high - each.low
        axes.bar(each.low, each.accuracy, width, align="edge", color=_BLUE, alpha=0.8, edgecolor="white", linewidth=0.5)
        axes.bar(each.low, each.texts / total, width, align="edge", color="black", alpha=0.25)
        axes.plot([each.low, each.high], [each.confidence, each.confidence], color="#b03030", linewidth=1.5)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_box_aspect(1)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("confidence (grey: share of texts)", fontsize=8)
    axes.set_ylabel("accuracy (red: mean confidence)", fontsize=8)
    axes.set_title(f"calibration error {calibration.error:.3f}", fontsize=8)
