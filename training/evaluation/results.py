"""Figures of contestants with everything that stands behind them: as JSON, as a summary, as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from training.evaluation.clustering import ClusterReport
from training.evaluation.spans import EntityReport
from training.evaluation.transfer import LanguageReport
from training.measures import ClassReport

Report = ClassReport | EntityReport | ClusterReport | LanguageReport


@dataclass(frozen=True)
class Result:
    """`value` in [0, 1] is the figure that `measure` names; `note` says what it must be read with."""

    contestant: str
    benchmark: str
    head: str
    measure: str
    value: float
    report: Report
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """Return the result as JSON knows it."""
        return asdict(self)


@dataclass(frozen=True)
class EvaluationResults:
    """All results, and what else was checked of each model: figures by contestant and name."""

    results: Sequence[Result]
    checks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return everything as JSON knows it."""
        checks = {name: dict(figures) for name, figures in self.checks.items()}
        return {"results": [result.plain() for result in self.results], "checks": checks}

    def of(self, contestant: str) -> list[Result]:
        """Return one contestant's results."""
        return [result for result in self.results if result.contestant == contestant]

    def summary(self, contestant: str) -> dict[str, float | str]:
        """Return one contestant's figures, percent where the name says so, as `config.json` holds them."""
        figures: dict[str, float | str] = {"model": contestant}
        for result in self.of(contestant):
            figures |= _summary(result)
        return figures | {name: float(f"{value:.4g}") for name, value in self.checks.get(contestant, {}).items()}


@dataclass(frozen=True)
class Cell:
    """One figure in percent; `best` among its row; `mark` is the number of its footnote, 0 for none."""

    percent: float
    best: bool
    mark: int

    def plain(self) -> str:
        """Return the figure with its footnote's number."""
        return f"{self.percent:.1f}" + (f" [{self.mark}]" if self.mark else "")


@dataclass(frozen=True)
class Grid:
    """What the tables of the terminal and of the card hold; a row's cell is None where a contestant has no figure."""

    contestants: Sequence[str]
    rows: Sequence[tuple[str, str, int | None, Sequence[Cell | None]]]
    notes: Sequence[str]


def grid_of(evaluation: EvaluationResults) -> Grid:
    """Arrange the results: benchmarks and contestants in the order of their first result."""
    results = evaluation.results
    contestants = list(dict.fromkeys(result.contestant for result in results))
    notes = list(dict.fromkeys(result.note for result in results if result.note))
    rows = []
    for benchmark in dict.fromkeys(result.benchmark for result in results):
        here = {result.contestant: result for result in results if result.benchmark == benchmark}
        first = next(iter(here.values()))
        highest = max(round(100 * result.value, 1) for result in here.values())
        cells = [_cell(here.get(name), highest, notes) for name in contestants]
        rows.append((benchmark, first.measure, getattr(first.report, "texts", None), cells))
    return Grid(contestants, rows, notes)


def terminal_table(evaluation: EvaluationResults) -> Table:
    """Return the table for the terminal, figures in percent, the best of each row bold."""
    grid = grid_of(evaluation)
    caption = "\n".join(f"[{number}] {note}" for number, note in enumerate(grid.notes, 1))
    table = Table(box=None, header_style="bold", caption=Text(caption) if caption else None, caption_justify="left")
    table.add_column("benchmark", no_wrap=True)
    table.add_column("measure (%)", no_wrap=True)
    table.add_column("texts", justify="right")
    for name in grid.contestants:
        table.add_column(name, justify="right", overflow="fold")
    for benchmark, measure, texts, cells in grid.rows:
        table.add_row(benchmark, measure, "" if texts is None else str(texts), *(_shown(cell) for cell in cells))
    return table


def markdown_table(evaluation: EvaluationResults) -> list[str]:
    """Return the lines of the table in Markdown, footnotes below."""
    grid = grid_of(evaluation)
    lines = [
        f"| benchmark | measure (%) | texts | {' | '.join(grid.contestants)} |",
        f"|---|---|---:|{'---:|' * len(grid.contestants)}",
    ]
    for benchmark, measure, texts, cells in grid.rows:
        shown = ["-" if cell is None else f"**{cell.plain()}**" if cell.best else cell.plain() for cell in cells]
        lines.append(f"| {benchmark} | {measure} | {'' if texts is None else texts} | {' | '.join(shown)} |")
    return [*lines, "", *(f"- [{number}] {note}" for number, note in enumerate(grid.notes, 1))]


def _summary(result: Result) -> dict[str, float | str]:
    report = result.report
    shares = {result.measure: result.value}
    if isinstance(report, ClassReport):
        shares = {
            "accuracy": report.accuracy,
            "macro recall": report.macro_recall,
            "macro F1": report.macro_f1,
        } | shares
        if report.calibration is not None:
            shares["calibration error"] = report.calibration.error
    texts = {} if isinstance(report, ClusterReport | LanguageReport) else {f"{result.benchmark}, texts": report.texts}
    return {**texts, **{f"{result.benchmark}, {name} (%)": round(100 * share, 2) for name, share in shares.items()}}


def _cell(result: Result | None, highest: float, notes: Sequence[str]) -> Cell | None:
    if result is None:
        return None
    percent = round(100 * result.value, 1)
    return Cell(percent, percent >= highest, notes.index(result.note) + 1 if result.note else 0)


def _shown(cell: Cell | None) -> Text:
    return Text("-", style="dim") if cell is None else Text(cell.plain(), style="bold" if cell.best else "")
