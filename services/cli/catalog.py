"""`voxpop catalog` and `voxpop audience`: what a company offers, and how the people of a cluster are reached."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from services.cli import client
from services.cli.clusters import BASES
from services.cli.console import WRONG_USAGE, Json, Url, check_brand, out, print_json, run, stop

catalog_app = typer.Typer(no_args_is_help=True, help="The products that clusters are offered.")
MEDIA_TYPES: Final = {".csv": "text/csv", ".json": "application/json"}
MOST_BYTES: Final = 8 * 2**20
FORMS: Final = ("table", "json", "csv")


@catalog_app.command("put")
def put_catalog(
    brand: Annotated[str, typer.Argument()],
    file: Annotated[Path, typer.Argument(help="CSV with id, title, description, tags, or JSON with items")],
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Send the brand's products, in place of those before."""
    check_brand(brand)
    media_type = MEDIA_TYPES.get(file.suffix.lower())
    if media_type is None:
        stop(f"{file} must end in .csv or .json", WRONG_USAGE)
    try:
        if file.stat().st_size > MOST_BYTES:
            stop(f"{file} is larger than 8 MiB; send the products that matter", WRONG_USAGE)
        content = file.read_bytes()
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror}", WRONG_USAGE)

    async def send() -> dict[str, Any]:
        async with client.connect("clusters", url) as http:
            path, headers = f"/v1/brands/{brand}/catalog", {"content-type": str(media_type)}
            told: dict[str, Any] = await client.ask(http, "PUT", path, content=content, headers=headers)
            return told

    told = run(send())
    if as_json:
        print_json(told)
        return
    left = told["products"] - told["embedded"]
    rest = f"; {left} of them are compared with clusters in a while" if left else ""
    out.print(Text(f"{told['products']} products are kept{rest}"))


def show_audience(
    brand: Annotated[str, typer.Argument()],
    cluster: Annotated[int, typer.Argument(min=0)],
    basis: Annotated[str, typer.Option(help="behaviour, interests or combined")] = "behaviour",
    form: Annotated[str, typer.Option("--format", help="table, json or csv (a keyword list for X Ads)")] = "table",
    url: Url = None,
) -> None:
    """Print how the people of a cluster are reached: terms, hashtags, languages, hours, communities."""
    check_brand(brand)
    if basis not in BASES:
        stop(f"'{basis}' is no basis; the bases are {', '.join(BASES)}", WRONG_USAGE)
    if form not in FORMS:
        stop(f"'{form}' is no format; the formats are {', '.join(FORMS)}", WRONG_USAGE)

    async def fetch() -> Any:
        path = f"/v1/brands/{brand}/clusters/{cluster}/audience"
        async with client.connect("clusters", url) as http:
            if form == "csv":
                return await client.ask_text(http, path, params={"basis": basis, "format": "csv"})
            return await client.ask(http, "GET", path, params={"basis": basis})

    found = run(fetch())
    if form == "csv":
        typer.echo(found, nl=False)
    elif form == "json":
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    out.print(Text(f"{found['cluster']}  {found['name']}", style="bold"))
    table = Table(show_header=False, box=None)
    table.add_row("terms", ", ".join(term["term"] for term in found["terms"][:20]) or "none")
    table.add_row("hashtags", " ".join(tag["term"] for tag in found["hashtags"][:20]) or "none")
    table.add_row("languages", ", ".join(f"{code} {share:.0%}" for code, share in found["languages"].items()) or "none")
    table.add_row("hours (UTC)", ", ".join(f"{hour}:00" for hour in found["hours"]) or "none")
    for community in found["communities"]:
        words = ", ".join([*community["theme"], *community["hashtags"]])
        table.add_row("community", f"{community['people']} people: {words}")
    out.print(table)
