"""`voxpop export`, `voxpop import` and `voxpop migrate`: what a brand has, out of voxpop and back."""

import asyncio
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from services.cli import client
from services.cli.console import (
    SOME_FAILED,
    WRONG_USAGE,
    Json,
    Url,
    check_brand,
    err,
    out,
    print_json,
    progress_bar,
    run,
    stop,
)
from shared.errors import ConflictError
from shared.private_files import make_folder

_SECRET = re.compile(r"(?i)://[^/?#]*:[^/?#]*@|[?&][^=&]*(password|token|secret)[^=&]*=")
"""A password before a host, or an option that holds one."""
_FORMS = ("csv", "jsonl", "parquet")
_TABLES = ("profiles", "posts", "buckets", "removals")


def export_brand(
    brand: Annotated[str, typer.Argument()],
    output: Annotated[
        str, typer.Option("-o", "--output", help="a .csv, .jsonl or .parquet file; a folder/ for a whole backup")
    ],
    of: Annotated[str, typer.Option(help="profiles, posts, buckets or removals")] = "profiles",
    since: Annotated[str, typer.Option("--from", help="posts and buckets of this time (RFC 3339) or later")] = "",
    until: Annotated[str, typer.Option("--to", help="posts and buckets of before this time")] = "",
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Write what a brand has to a file, or all of it to a folder: the backup that `voxpop import` takes.

    Parquet, removals and folders need a key with the scope admin.
    """
    check_brand(brand)
    target = Path(output)
    try:
        if output.endswith("/") or target.is_dir():
            if of != "profiles" or since or until:
                stop("a folder is for all of a brand; leave --of, --from and --to out, or name a file", WRONG_USAGE)
            make_folder(target)
            if any(target.iterdir()):
                stop(f"{target} is not empty; name a new folder, so that no two backups are mixed", WRONG_USAGE)
            _show(run(_back_up(brand, target, url)), as_json=as_json)
            return
        form = target.suffix.removeprefix(".")
        if form not in _FORMS:
            stop(f"the output must end with {', '.join(f'.{form}' for form in _FORMS)}, or with / for a folder", 2)
        if of not in _TABLES:
            stop(f"'{of}' is nothing to export; there are {', '.join(_TABLES)}", WRONG_USAGE)
        query = {"of": of, "format": form} | {key: text for key, text in (("from", since), ("to", until)) if text}
        _show([run(_export(brand, query, target, url))], as_json=as_json)
    except OSError as error:
        stop(f"{error.filename or output}: {error.strerror or error}", WRONG_USAGE)


def import_backup(
    brand: Annotated[str, typer.Argument()],
    backup: Annotated[Path, typer.Argument(help="a folder that `voxpop export` wrote, or one Parquet file of it")],
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Restore a backup: what is there already stays, and running it again finishes what is missing."""
    check_brand(brand)
    from services.profiles.transfer.folder import files_of

    try:
        files = {path: path.stat().st_size for path in files_of(backup)}
        found = run(_restore(brand, files, url))
    except OSError as error:
        stop(f"{backup}: {error.strerror or error}", WRONG_USAGE)
    if as_json:
        print_json(found)
        return
    for of, counts in found.items():
        out.print(f"{of:9} restored {counts['restored']}  duplicates {counts['duplicates']}", highlight=False)


def migrate_store(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="sqlite:///path or mongodb://host/database; env:VARIABLE or file:PATH says where a URL with a "
            "password stands",
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="an empty store of either kind, given likewise")],
    as_json: Json = False,
) -> None:
    """Take all profiles of a store over into another. Stop the service first; running it again goes on."""
    from shared.store_url import SqliteUrl, parse_store_url

    source, target = _address("FROM", source), _address("TO", target)
    if source == target:
        stop("FROM and TO are the same store", WRONG_USAGE)
    urls = [parse_store_url(name, url, Path()) for name, url in (("FROM", source or "-"), ("TO", target or "-"))]
    if isinstance(urls[0], SqliteUrl) and not urls[0].path.is_file():
        stop(f"there is no database at {urls[0].path}", WRONG_USAGE)
    try:
        done = run(_migrate(*urls))
    except ConflictError as error:
        stop(error.detail, SOME_FAILED)
    if as_json:
        print_json(done)
    else:
        counts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in done.items())
        out.print(f"both stores hold: {counts}", highlight=False, soft_wrap=True)


def _address(argument: str, given: str) -> str:
    """Return the URL that an argument gives or says the place of; a password among the arguments ends the command."""
    kind, _, place = given.partition(":")
    if kind == "env":
        if not os.environ.get(place):
            stop(f"{argument}: the variable {place} is not set", WRONG_USAGE)
        return os.environ[place].strip()
    if kind == "file":
        try:
            return Path(place).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            stop(
                f"{argument}: {place} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}",
                WRONG_USAGE,
            )
    if _SECRET.search(given):
        stop(
            f"{argument} holds a password, and every user of this machine can read the arguments of a command: "
            f"put the URL into a variable or a file of mode 0600, and give env:VARIABLE or file:PATH as {argument}",
            WRONG_USAGE,
        )
    return given


async def _export(brand: str, query: dict[str, str], path: Path, url: str | None) -> dict[str, Any]:
    async with client.connect("profiles", url) as http:
        return await _fetched(http, brand, query, path)


async def _back_up(brand: str, folder: Path, url: str | None) -> list[dict[str, Any]]:
    from services.cli.backup import summary
    from services.profiles.transfer.folder import RESTORE_ORDER, part_by_date, path_of

    written = []
    async with client.connect("profiles", url) as http:
        before = await summary(http, brand)
        for of in RESTORE_ORDER:
            path = path_of(folder, of).with_suffix(".parquet")
            written.append(await _fetched(http, brand, {"of": of, "format": "parquet"}, path))
        with progress_bar("rows") as bar:
            task = bar.add_task("posts by date", total=None)
            await asyncio.to_thread(part_by_date, path, folder, lambda done: bar.update(task, completed=done))
        await asyncio.to_thread(path.unlink)
        written[-1]["file"] = str(folder / "posts")
        if await summary(http, brand) != before:
            stop(
                f"{brand} changed while it was written, so {folder} is not of one moment; "
                "stop its streams and imports and export into a new folder",
                SOME_FAILED,
            )
    return written


async def _fetched(http: httpx.AsyncClient, brand: str, query: dict[str, str], path: Path) -> dict[str, Any]:
    from services.cli.backup import download

    with progress_bar("bytes") as bar:
        task = bar.add_task(query["of"], total=None)
        size = await download(http, brand, query, path, lambda done: bar.update(task, completed=done))
    return {"of": str(query["of"]), "file": str(path), "bytes": size}


async def _restore(brand: str, files: dict[Path, int], url: str | None) -> dict[str, dict[str, int]]:
    from services.cli.backup import upload

    found: dict[str, dict[str, int]] = {}
    done = 0
    async with client.connect("profiles", url) as http:
        with progress_bar("bytes") as bar:
            task = bar.add_task(brand, total=sum(files.values()))

            def watch(sent: int) -> None:
                bar.update(task, completed=done + sent)

            for path, size in files.items():
                answer = await upload(http, brand, path, watch)
                done += size
                counts = found.setdefault(answer["of"], {"restored": 0, "duplicates": 0})
                for name in counts:
                    counts[name] += answer[name]
    return found


async def _migrate(source: Any, target: Any) -> dict[str, int]:
    from services.profiles.stores.database import open_stores
    from services.profiles.transfer.store_copy import copy_store

    async with open_stores(source) as from_store, open_stores(target) as to_store:
        with progress_bar("rows") as bar:
            task = bar.add_task("looking", total=None)

            def watch(brand: str, of: str, done: int) -> None:
                bar.update(task, description=f"{brand}: {of}", completed=done)

            moved = await copy_store(from_store, to_store, watch)
    return asdict(moved)


def _show(written: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(written)
        return
    for one in written:
        err.print(f"wrote {one['file']} ({one['bytes']} bytes)", highlight=False, soft_wrap=True)
