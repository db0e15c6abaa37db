"""The table of all figures: a row for each benchmark, a column for each contestant."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from training.evaluation.result import Evaluation, Result


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
    """What both tables hold, that of the terminal and that of the card. A row's cell is None where nobody answered."""

    contestants: Sequence[str]
    rows: Sequence[tuple[str, str, int | None, Sequence[Cell | None]]]
    notes: Sequence[str]


def grid_of(evaluation: Evaluation) -> Grid:
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


def terminal_table(evaluation: Evaluation) -> Table:
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


def markdown_table(evaluation: Evaluation) -> list[str]:
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


def _cell(result: Result | None, highest: float, notes: Sequence[str]) -> Cell | None:
    if result is None:
        return None
    percent = round(100 * result.value, 1)
    return Cell(percent, percent >= highest, notes.index(result.note) + 1 if result.note else 0)


def _shown(cell: Cell | None) -> Text:
    return Text("-", style="dim") if cell is None else Text(cell.plain(), style="bold" if cell.best else "")
