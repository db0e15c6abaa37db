"""`voxpop clusters`: runs of training, and the cards of a brand's clusters."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import httpx
import typer
from rich import box
from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.cli import client
from services.cli.console import WRONG_USAGE, Json, Url, check_brand, out, print_json, progress_bar, run, stop

BASES = ("behaviour", "interests", "combined")
POLL_SECONDS = 0.5
BAR = 12
MOST_FEATURES, MOST_TERMS = 4, 8
COLUMNS: Final[Mapping[str, Mapping[str, Any]]] = {
    "id": {"justify": "right"},
    "kind": {"max_width": 24},
    "authors": {},
    "mood, 0 to 1": {},
    "stability": {"justify": "right"},
    "what sets them apart": {"ratio": 1},
}


def show_clusters(
    brand: Annotated[str, typer.Argument()],
    basis: Annotated[str, typer.Option(help="behaviour, interests or combined")] = "behaviour",
    retrain: Annotated[bool, typer.Option("--retrain", help="train anew first")] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print the clusters of a brand's authors."""
    check_brand(brand)
    if basis not in BASES:
        stop(f"'{basis}' is no basis; the bases are {', '.join(BASES)}", WRONG_USAGE)

    async def fetch() -> dict[str, Any]:
        async with client.connect("clusters", url) as http:
            if retrain:
                await train_watched(http, brand, basis)
            found = await client.ask(http, "GET", f"/v1/brands/{brand}/clusters", params={"basis": basis})
            trained = await client.ask(http, "GET", f"/v1/runs/{found['run_id']}")
            return {**found, "reason": trained.get("reason")}

    found = run(fetch())
    if as_json:
        print_json(found)
    else:
        show_cards(brand, found["items"], found["reason"])


async def train(
    http: httpx.AsyncClient, brand: str, basis: str = "behaviour", watch: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Start a run and wait for its end; `watch` gets progress (0 to 1) and stage. Raises ClientError if it failed."""
    submitted = await client.ask(http, "POST", f"/v1/brands/{brand}/runs", json={"basis": basis})
    return await ended(http, submitted["run_id"], watch)


async def ended(
    http: httpx.AsyncClient, run_id: str, watch: Callable[[float, str], None] | None = None
) -> dict[str, Any]:
    """Wait for the end of a run; `watch` gets progress (0 to 1) and stage. Raises ClientError if it failed."""
    while True:
        run: dict[str, Any] = await client.ask(http, "GET", f"/v1/runs/{run_id}")
        if watch:
            watch(float(run.get("progress") or 0), str(run.get("stage") or run["status"]))
        if run["status"] == "succeeded":
            return run
        if run["status"] in {"failed", "cancelled"}:
            raise client.ClientError(str(run.get("error") or f"the run was {run['status']}"))
        await asyncio.sleep(POLL_SECONDS)


async def train_watched(http: httpx.AsyncClient, brand: str, basis: str = "behaviour") -> dict[str, Any]:
    """Train as `train` does, with a progress bar."""
    with progress_of_run() as watch:
        return await train(http, brand, basis, watch)


@contextmanager
def progress_of_run() -> Iterator[Callable[[float, str], None]]:
    """Show a progress bar; yield what is told progress (0 to 1) and stage."""
    with progress_bar("%") as bar:
        task = bar.add_task("queued", total=100)

        def watch(share: float, stage: str) -> None:
            bar.update(task, completed=share * 100, description=stage)

        yield watch


def show_cards(brand: str, clusters: Sequence[Mapping[str, Any]], reason: str | None = None) -> None:
    """Print the cluster cards of a brand as a table, the largest first, with bars for shares and moods."""
    out.print(Text(f"Kinds of people who post about {brand}", style="bold"))
    if reason:
        out.print(Text(reason, style="dim"))
    table = Table(box=box.SIMPLE_HEAD, show_lines=True)
    for name, kind in COLUMNS.items():
        table.add_column(name, **kind)
    for card in sorted(clusters, key=lambda card: -(card["size"] or 0)):
        table.add_row(*_row(card))
    out.print(table)


def _row(card: Mapping[str, Any]) -> list[RenderableType]:
    if card["size"] is None:
        return [str(card["id"]), Text("fewer than 5 people: nothing is told of so few", style="dim")]
    score, stable = card.get("mean_score"), card.get("stability")
    return [
        str(card["id"]),
        Text(card["name"], style="bold"),
        Group(f"{card['size']:,} ({card['share']:.0%})", Bar(1.0, 0.0, card["share"], width=BAR)),
        Group(f"{score:.2f}", Bar(1.0, 0.0, score, width=BAR)) if score is not None else "-",
        f"{stable:.2f}" if stable is not None else "-",
        Text(_words(card)),
    ]


def _words(card: Mapping[str, Any]) -> str:
    """Return what sets a cluster apart, what it writes about and in which languages."""
    lines = [f"- {feature['words']}" for feature in card.get("distinctive", [])[:MOST_FEATURES]]
    if terms := [term["term"] for term in card.get("top_terms") or []]:
        lines.append("writes about: " + ", ".join(terms[:MOST_TERMS]))
    languages = sorted((card.get("languages") or {}).items(), key=lambda item: -item[1])[:4]
    if languages:
        lines.append("languages: " + ", ".join(f"{code} {share:.0%}" for code, share in languages))
    return "\n".join(lines)
