"""`voxpop topics`: what a brand's posts are about, or those of one of its clusters."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from services.cli import client
from services.cli.clusters import BASES, ended, progress_of_run
from services.cli.console import WRONG_USAGE, Json, Url, check_brand, out, print_json, run, stop

METHODS = ("embedding", "lda")
BAR = 20
STEADY = 0.01


def show_topics(
    brand: Annotated[str, typer.Argument()],
    method: Annotated[str, typer.Option(help="embedding (posts that mean alike) or lda (words)")] = "embedding",
    cluster: Annotated[int | None, typer.Option(help="of one cluster alone", min=0)] = None,
    basis: Annotated[str | None, typer.Option(help="of the cluster  [default: behaviour]")] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="find them anew first")] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print what a brand's posts are about."""
    check_brand(brand)
    if method not in METHODS:
        stop(f"'{method}' is no method; the methods are {', '.join(METHODS)}", WRONG_USAGE)
    if basis is not None and basis not in BASES:
        stop(f"'{basis}' is no basis; the bases are {', '.join(BASES)}", WRONG_USAGE)
    if basis is not None and cluster is None:
        stop("--basis says whose cluster is meant; give --cluster too", WRONG_USAGE)
    given = {"method": method, "cluster": cluster, "basis": basis}
    asked = {name: value for name, value in given.items() if value is not None}

    async def fetch() -> dict[str, Any]:
        path = f"/v1/brands/{brand}/topics"
        async with client.connect("clusters", url) as http:
            if retrain:
                submitted = await client.ask(http, "POST", path, json=asked)
                with progress_of_run() as watch:
                    await ended(http, submitted["run_id"], watch)
            found: dict[str, Any] = await client.ask(http, "GET", path, params=asked)
            return found

    found = run(fetch())
    if as_json:
        print_json(found)
    else:
        print_topics(brand, found)


def print_topics(brand: str, found: Mapping[str, Any]) -> None:
    """Print topics with bars of their shares, the largest first."""
    whose = "" if found["cluster"] is None else f", cluster {found['cluster']} by {found['basis']}"
    out.print(Text(f"What posts about {brand}{whose} are about", style="bold"))
    out.print(Text(f"{found['reason']}; diversity {_number(found['diversity'])}", style="dim"))
    table = Table("topic", "posts", "", "score", "trend", "NPMI", "terms", box=None, pad_edge=False)
    largest = max((topic["share"] for topic in found["items"]), default=1.0)
    for topic in found["items"]:
        table.add_row(
            str(topic["id"]),
            f"{topic['posts']} ({topic['share']:.0%})",
            "█" * max(1, round(BAR * topic["share"] / largest)),
            _number(topic["mean_score"]),
            _trend(topic["trend"]),
            _number(topic["npmi"]),
            Text(_terms(topic["terms"])),
        )
    out.print(table)
    outliers = found["outliers"]
    if outliers["posts"] is not None:
        out.print(Text(f"{outliers['posts']} posts ({outliers['share']:.0%}) are near to no topic", style="dim"))


def _terms(terms: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(term["term"]) for term in terms)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _trend(change: float | None) -> str:
    """Return an arrow and by how many points of its share a topic grew or shrank."""
    if change is None or abs(change) < STEADY:
        return "→"
    return f"{'↑' if change > 0 else '↓'} {abs(change) * 100:.0f}"
