"""What `voxpop up --demo` does once it serves: the bundled sample goes in, clusters come out."""

import gzip
import io

from rich.text import Text

from services.cli.client import ask, connect
from services.cli.clusters import show_cards, train_watched
from services.cli.console import err, out, progress_bar
from services.cli.upload import Tally, show_tally, upload
from services.ingest.sample import BRAND, sample_path
from services.ingest.sources.file import open_file


async def demonstrate(url: str, key: str | None) -> None:
    """Import the sample where the store is empty (or an import of it was cut off), train, print the cards.

    A failure is said in one sentence: the services go on.
    """
    try:
        await _fill(url, key)
        await _show(url, key)
    except Exception as error:  # noqa: BLE001 - a demo that fails must not take the services with it
        err.print(Text(f"the demo stopped: {error}", style="red"))


async def _fill(url: str, key: str | None) -> None:
    with gzip.open(sample_path()) as lines:
        expected = sum(1 for _ in lines)
    async with connect("profiles", url, key) as profiles:
        brands = (await ask(profiles, "GET", "/v1/brands"))["items"]
    if any(item["brand"] != BRAND or item["posts"] >= expected for item in brands):
        return
    async with connect("ingest", url, key) as ingest:
        with open_file(str(sample_path()), {}, None, io.BytesIO()) as source, progress_bar("posts") as bar:
            task = bar.add_task("importing the sample", total=expected)

            def advance(tally: Tally) -> None:
                bar.update(task, completed=tally.accepted + tally.duplicates + tally.rejected)

            tally = await upload(source.rows, BRAND, ingest, advance)
    show_tally(tally)


async def _show(url: str, key: str | None) -> None:
    async with connect("profiles", url, key) as profiles:
        brands = [item["brand"] for item in (await ask(profiles, "GET", "/v1/brands"))["items"]]
    if BRAND in brands:
        async with connect("clusters", url, key) as clusters:
            run = await train_watched(clusters, BRAND)
            cards = (await ask(clusters, "GET", f"/v1/brands/{BRAND}/clusters"))["items"]
        show_cards(BRAND, cards, run.get("reason"))
    out.print("\nLook at next:")
    for path in (
        "/sentiment/docs",
        f"/profiles/v1/brands/{BRAND}/summary",
        f"/profiles/v1/brands/{BRAND}/profiles?sort=posts&limit=5",
        f"/clusters/v1/brands/{BRAND}/clusters",
    ):
        out.print(f"  {url}{path}", highlight=False)
    out.print("Ctrl-C stops.")
