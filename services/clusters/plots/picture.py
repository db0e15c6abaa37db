"""A run's plots as pictures, made in a worker process, which alone loads what draws."""

from services.clusters.plots.plotted_run import PlotFormat, PlotName, PlottedRun


def draw(_advance: object, run: PlottedRun, name: PlotName, form: PlotFormat) -> bytes | None:
    """Return a plot as a picture, None where the run has not what it shows."""
    from services.clusters.plots.plot import render  # noqa: PLC0415 - what draws is loaded in the worker alone
    from services.clusters.plots.run_plot import plot_of  # noqa: PLC0415

    plot = plot_of(run, name)
    return None if plot is None else render(plot, form)


def alternative_texts(_advance: object, run: PlottedRun) -> dict[str, tuple[str, str]]:
    """Return title and description of each plot that the run has."""
    from services.clusters.plots.run_plot import plot_of  # noqa: PLC0415 - what draws is loaded in the worker alone

    found = {name.value: plot_of(run, name) for name in PlotName}
    return {name: (plot.title, plot.alt) for name, plot in found.items() if plot is not None}
