"""What people see in the terminal: tables, cluster cards, progress."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

SOME_FAILED, WRONG_USAGE, UNREACHABLE = 1, 2, 3
"""Exit codes beside 0."""

out = Console()
err = Console(stderr=True)

_COLOURS = {"negative": "red", "neutral": "yellow", "positive": "green"}
_FIGURES = frozenset({"score", "subjectivity", "offensive", "irony", "hate"})


def stop(sentence: str, code: int) -> NoReturn:
    """End the command with a sentence on stderr."""
    err.print(Text(f"voxpop: {sentence}"), soft_wrap=True)
    raise SystemExit(code)


def progress_bar(unit: str) -> Progress:
    """Return a progress bar on stderr; off a terminal it stays silent."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    return Progress(*columns, TimeElapsedColumn(), console=err, disable=not err.is_terminal, transient=True)


def show_tally(accepted: int, duplicates: int, rejected: int, reasons: Sequence[str]) -> None:
    """Print what became of an import."""
    out.print(f"accepted {accepted}  duplicates {duplicates}  rejected {rejected}", highlight=False)
    for reason in reasons:
        out.print(Text(f"  {reason}"))
    if rejected > len(reasons):
        out.print(f"  ... and {rejected - len(reasons)} more", highlight=False)


def show_analyses(texts: Sequence[str], results: Sequence[Mapping[str, Any]]) -> None:
    """Print a table with a line for each text, a column or two for each feature that was answered."""
    table = Table(box=None, header_style="bold")
    table.add_column("text")
    lines = [_cells(result) for result in results]
    for heading in dict.fromkeys(heading for cells in lines for heading in cells):
        table.add_column(heading, justify="right" if heading in _FIGURES else "left")
    for text, cells in zip(texts, lines, strict=True):
        table.add_row(Text(text, overflow="ellipsis", no_wrap=True), *cells.values())
    out.print(table)


def _cells(result: Mapping[str, Any]) -> dict[str, Text]:
    """Return what is shown of one text, by heading; a feature that the model lacks is a dash."""
    cells: dict[str, Text] = {}
    for feature, answer in result.items():
        if feature == "sentiment":
            label = str((answer or {}).get("label", "-"))
            cells |= {
                "sentiment": Text(label, style=_COLOURS.get(label, "")),
                "score": _figure((answer or {}).get("score")),
            }
        elif feature == "language":
            known = "" if result.get("supported_language", True) else " (not supported)"
            cells["language"] = Text(f"{(answer or {}).get('code', '-')}{known}")
        elif feature in _FIGURES:
            cells[feature] = _figure(answer)
        elif feature in {"category", "emotion"}:
            cells[feature] = Text(str((answer or {}).get("label", "-")))
        elif feature == "entities":
            found = [f"{entity['text']} ({entity['type']})" for entity in answer or ()]
            cells[feature] = Text(", ".join(found) or ("-" if answer is None else ""))
        elif feature == "embedding":
            cells[feature] = Text("-" if answer is None else f"{len(answer)} numbers")
    return cells


def show_cards(brand: str, clusters: Sequence[Mapping[str, Any]], reason: str | None = None) -> None:
    """Print the cluster cards of a brand."""
    out.print(Text(f"Kinds of people who post about {brand}", style="bold"))
    if reason:
        out.print(Text(reason, style="dim"))
    for card in sorted(clusters, key=lambda card: -card["size"]):
        out.print(Panel(_card(card), title=_title(card), title_align="left", expand=False))


def _title(card: Mapping[str, Any]) -> Text:
    return Text(f"{card['id']}  {card.get('name') or 'fewer than 5 people'}", style="bold")


def _card(card: Mapping[str, Any]) -> Text:
    lines = [f"{card['size']} authors, {card['share']:.0%}"]
    if card.get("mean_score") is not None:
        lines[0] += f", mean score {card['mean_score']:.2f}"
    if card.get("stability") is not None:
        lines[0] += f", stability {card['stability']:.2f}"
    lines += [f"- {feature['words']}" for feature in card.get("distinctive", [])]
    languages = sorted((card.get("languages") or {}).items(), key=lambda item: -item[1])[:4]
    if languages:
        lines.append("languages: " + ", ".join(f"{code} {share:.0%}" for code, share in languages))
    return Text("\n".join(lines))


def _figure(value: float | None) -> Text:
    return Text("-" if value is None else f"{value:.2f}")
