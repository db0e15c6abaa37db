"""`voxpop analyze`: what the model says of texts."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from services.cli import client
from services.cli.console import WRONG_USAGE, Json, Url, out, print_json, run, stop
from shared.analysis import Analysis

FEATURES = tuple(name for name in Analysis.model_fields if name not in {"truncated", "supported_language"})
_COLOURS = {"negative": "red", "neutral": "yellow", "positive": "green"}
_FIGURES = frozenset({"score", "subjectivity", "offensive", "irony", "hate"})


def analyze(
    texts: Annotated[list[str], typer.Argument()],
    features: Annotated[str, typer.Option(help="with commas  [default: sentiment,subjectivity,language]")] = "",
    target: Annotated[
        str | None, typer.Option(help="what the texts are about: the sentiment is that towards it")
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Say what the model says of texts."""
    texts = [_printable(text) for text in texts]
    asked: dict[str, Any] = {"texts": texts}
    if wanted := [feature.strip() for feature in features.split(",") if feature.strip()]:
        if unknown := [feature for feature in wanted if feature not in FEATURES]:
            stop(f"'{unknown[0]}' is no feature; the features are {', '.join(FEATURES)}", WRONG_USAGE)
        asked["features"] = wanted
    if target is not None:
        asked["targets"] = [_printable(target)] * len(texts)

    async def ask() -> dict[str, Any]:
        async with client.connect("sentiment", url) as http:
            answer: dict[str, Any] = await client.ask(http, "POST", "/v1/analyze", json=asked)
            return answer

    answer = run(ask())
    if as_json:
        print_json(answer)
    else:
        show_analyses(texts, answer["results"])


def _printable(argument: str) -> str:
    """Return an argument without the surrogates that stand for bytes of another encoding."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


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


def _figure(value: float | None) -> Text:
    return Text("-" if value is None else f"{value:.2f}")
