"""`voxpop clusters`: runs of training, and the cards of a brand's clusters."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import httpx
import typer
from rich.panel import Panel
from rich.text import Text

from services.cli import client
from services.cli.console import WRONG_USAGE, Json, Url, check_brand, out, print_json, progress_bar, run, stop

BASES = ("behaviour", "interests", "combined")
POLL_SECONDS = 0.5


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
    """Print the cluster cards of a brand."""
    out.print(Text(f"Kinds of people who post about {brand}", style="bold"))
    if reason:
        out.print(Text(reason, style="dim"))
    for card in sorted(clusters, key=lambda card: -(card["size"] or 0)):
        out.print(Panel(_card(card), title=_title(card), title_align="left", expand=False))


def _title(card: Mapping[str, Any]) -> Text:
    return Text(f"{card['id']}  {card.get('name') or 'fewer than 5 people'}", style="bold")


def _card(card: Mapping[str, Any]) -> Text:
    if card["size"] is None:
        return Text("nothing is told of so few")
    lines = [f"{card['size']} authors, {card['share']:.0%}"]
    if card.get("mean_score") is not None:
        lines[0] += f", mean score {card['mean_score']:.2f}"
    if card.get("stability") is not None:
        lines[0] += f", stability {card['stability']:.2f}"
    lines += [f"- {feature['words']}" for feature in card.get("distinctive", [])]
    if terms := [term["term"] for term in card.get("top_terms") or []]:
        lines.append("writes about: " + ", ".join(terms[:8]))
    languages = sorted((card.get("languages") or {}).items(), key=lambda item: -item[1])[:4]
    if languages:
        lines.append("languages: " + ", ".join(f"{code} {share:.0%}" for code, share in languages))
    return Text("\n".join(lines))
