"""`voxpop`: the command line. Exit codes: 0 fine, 1 some failed, 2 wrong usage, 3 a service cannot be reached."""

import importlib
import json
import re
import sys
from collections.abc import Callable, Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import stamina
import typer
import uvloop

from services.cli import client
from services.cli.console import (
    SOME_FAILED,
    UNREACHABLE,
    WRONG_USAGE,
    err,
    out,
    progress_bar,
    show_analyses,
    show_cards,
    show_tally,
    stop,
)
from services.cli.export import register as register_exports
from services.cli.model import model_app
from services.cli.x_sandbox import x_sandbox
from services.server import bind, run, url_of
from shared.access import Scope, digest_of, new_secret
from shared.analysis import Analysis
from shared.brand import BRAND_PATTERN
from shared.errors import PeerError, SettingsError
from shared.logs import configure_logs
from shared.settings import ServiceSettings

BASES = ("behaviour", "interests", "combined")
FEATURES = tuple(name for name in Analysis.model_fields if name not in {"truncated", "supported_language"})

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
app.add_typer(key_app, name="key")
app.add_typer(model_app, name="model")
app.command("x-sandbox")(x_sandbox)
register_exports(app)

Url = Annotated[
    str | None,
    typer.Option(help="where `voxpop up` or a gateway answers  [default: 127.0.0.1:8000]", envvar="VOXPOP_URL"),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


class Service(StrEnum):
    """The four services."""

    INGEST = "ingest"
    SENTIMENT = "sentiment"
    PROFILES = "profiles"
    CLUSTERS = "clusters"


def main() -> None:
    """Run the command line."""
    try:
        app()
    except SettingsError as error:
        stop(error.detail, WRONG_USAGE)
    except PeerError as error:
        stop(error.detail, UNREACHABLE)
    except client.NoServerError as error:
        stop(str(error), UNREACHABLE)
    except client.ClientError as error:
        stop(str(error), SOME_FAILED)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _check_brand(brand: str) -> None:
    if not re.fullmatch(BRAND_PATTERN, brand):
        stop("a brand is 1 to 63 lower-case letters, digits and hyphens, no hyphen first", WRONG_USAGE)


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="address to listen on  [default: 127.0.0.1]")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, envvar="VOXPOP_PORT", help="0 takes a free one")] = 8000,
    data_dir: Annotated[Path | None, typer.Option(help="folder for databases and keys  [default: var]")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="import the bundled sample and train clusters")] = False,
) -> None:
    """Run everything in one process, on one port."""
    from services.cli.demo import demonstrate
    from services.local import create_local_app, local_settings

    settings = _settings(lambda: local_settings(host=host, data_dir=data_dir))
    configure_logs(settings.ingest.log_level)
    local = create_local_app(settings)
    listening = bind(settings.ingest.host, port)
    shown = url_of(settings.ingest.host, listening.getsockname()[1])
    service_key = settings.ingest.service_key

    async def beside() -> None:
        out.print(f"voxpop answers on {shown}", highlight=False)
        if demo:
            await demonstrate(shown, service_key.get_secret_value() if service_key else None)

    _run(run(local, listening, beside))


@app.command()
def serve(
    service: Annotated[Service, typer.Argument(envvar="VOXPOP_SERVICE")],
    host: Annotated[str | None, typer.Option(help="address to listen on  [default: 127.0.0.1]")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, envvar="VOXPOP_PORT", help="0 takes a free one")] = 8000,
    data_dir: Annotated[Path | None, typer.Option(help="folder for databases and keys  [default: var]")] = None,
) -> None:
    """Run one service."""
    overrides = {name: value for name, value in (("host", host), ("data_dir", data_dir)) if value is not None}
    settings_class = getattr(importlib.import_module(f"services.{service}.settings"), f"{service.title()}Settings")
    settings: ServiceSettings = _settings(lambda: settings_class(**overrides))
    configure_logs(settings.log_level)
    create_app = importlib.import_module(f"services.{service}.app").create_app
    application = create_app(settings)
    _run(run(application, bind(settings.host, port)))


@app.command()
def ingest(
    file: Annotated[str, typer.Argument(help="CSV, JSON lines, Parquet, or Meta's data export; - for stdin")],
    brand: Annotated[str, typer.Option(help="a slug: lower-case letters, digits, hyphens")],
    platform: Annotated[str | None, typer.Option(help="where no column says it: x, instagram, facebook ...")] = None,
    map_: Annotated[list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="repeatable")] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Import a file of posts. Running it again finishes what is missing and changes nothing else."""
    from services.cli.upload import RefusedError, Tally, UnreachableError
    from services.ingest.sources.file import FileError
    from services.ingest.sources.rows import ColumnError

    _check_brand(brand)
    configure_logs("ERROR")
    stamina.instrumentation.set_on_retry_hooks([_say_that_it_waits])
    try:
        tally: Tally = _run(_upload(file, brand, platform, map_ or [], url))
    except UnreachableError as error:
        stop(str(error), UNREACHABLE)
    except RefusedError as error:
        stop(str(error), SOME_FAILED)
    except (ColumnError, FileError) as error:
        stop(f"{file}: {error}", WRONG_USAGE)
    except OSError as error:
        stop(f"{file}: {error.strerror or error}", WRONG_USAGE)
    if as_json:
        sys.stdout.write(json.dumps(vars(tally)) + "\n")
    else:
        show_tally(tally.accepted, tally.duplicates, tally.rejected, tally.reasons)
    if tally.rejected:
        raise SystemExit(SOME_FAILED)


def _say_that_it_waits(details: stamina.instrumentation.RetryDetails) -> None:
    if details.retry_num == 1:
        err.print(f"no answer ({details.caused_by}); trying again for 30 s", highlight=False)


async def _upload(file: str, brand: str, platform: str | None, pairs: list[str], url: str | None) -> Any:
    from services.cli.upload import Tally, upload
    from services.ingest.sources.file import open_file
    from services.ingest.sources.rows import parse_mapping

    mapping = parse_mapping(pairs)
    with open_file(file, mapping, platform, sys.stdin.buffer) as source:
        async with client.connect("ingest", url) as http:
            with progress_bar("rows" if file.endswith(".parquet") else "bytes") as bar:
                task = bar.add_task(Path(file).name, total=source.total)

                def advance(_: Tally) -> None:
                    bar.update(task, completed=source.position())

                return await upload(source.rows, brand, http, advance)


@app.command()
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

    answer = _run(ask())
    if as_json:
        sys.stdout.write(json.dumps(answer) + "\n")
    else:
        show_analyses(texts, answer["results"])


def _printable(argument: str) -> str:
    """Return an argument without the surrogates that stand for bytes of another encoding."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@app.command()
def clusters(
    brand: Annotated[str, typer.Argument()],
    basis: Annotated[str, typer.Option(help="behaviour, interests or combined")] = "behaviour",
    retrain: Annotated[bool, typer.Option("--retrain", help="train anew first")] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print the clusters of a brand's authors."""
    _check_brand(brand)
    if basis not in BASES:
        stop(f"'{basis}' is no basis; the bases are {', '.join(BASES)}", WRONG_USAGE)

    async def fetch() -> dict[str, Any]:
        async with client.connect("clusters", url) as http:
            if retrain:
                with progress_bar("%") as bar:
                    task = bar.add_task("training", total=100)

                    def watch(share: float, stage: str) -> None:
                        bar.update(task, completed=share * 100, description=stage)

                    await client.train(http, brand, basis, watch)
            found = await client.ask(http, "GET", f"/v1/brands/{brand}/clusters", params={"basis": basis})
            trained = await client.ask(http, "GET", f"/v1/runs/{found['run_id']}")
            return {**found, "reason": trained.get("reason")}

    found = _run(fetch())
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        show_cards(brand, found["items"], found["reason"])


@key_app.command("new")
def new_key(
    name: Annotated[str, typer.Option(help="whose key it is")],
    scope: Annotated[str, typer.Option(help="analyze, read, write, admin; several joined by +")],
) -> None:
    """Make an API key: the secret is shown once, the entry goes into VOXPOP_API_KEYS."""
    wanted = scope.split("+")
    if unknown := [part for part in wanted if part not in set(Scope)]:
        stop(f"'{unknown[0]}' is no scope; the scopes are {', '.join(Scope)}", WRONG_USAGE)
    if not name or any(sign in name for sign in ":,+ \n"):
        stop("--name must be a word without : , + or blanks", WRONG_USAGE)
    secret = new_secret()
    err.print("The key, shown once (send it as `Authorization: Bearer KEY`):", highlight=False)
    out.print(secret, highlight=False, soft_wrap=True)
    err.print("The entry for VOXPOP_API_KEYS (it holds only the key's hash):", highlight=False)
    out.print(f"{name}:{'+'.join(wanted)}:{digest_of(secret)}", highlight=False, soft_wrap=True)


def _settings(make: Callable[[], Any]) -> Any:
    """Return the settings; a wrong value is one sentence that names the variable."""
    try:
        return make()
    except ValueError as error:
        details: list[Any] = getattr(error, "errors", list)()
        sentences = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in details]
        stop("; ".join(sentences) or "the settings cannot be read", WRONG_USAGE)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine; an error that a task group wrapped comes out as itself."""
    try:
        return uvloop.run(work)
    except BaseExceptionGroup as group:
        inner: BaseException = group
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        raise inner from None
