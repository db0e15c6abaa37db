"""`voxpop up` and `voxpop serve`: the four services in one process, or one of them."""

import importlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.console import WRONG_USAGE, Host, out, run, stop
from services.server import bind, url_of
from services.server import run as serve_app
from shared.logs import configure_logs
from shared.settings import ServiceSettings

Port = Annotated[int, typer.Option(min=0, max=65535, envvar="VOXPOP_PORT", help="0 takes a free one")]
DataDir = Annotated[Path | None, typer.Option(help="folder for databases and keys  [default: var]")]


class Service(StrEnum):
    """The four services."""

    INGEST = "ingest"
    SENTIMENT = "sentiment"
    PROFILES = "profiles"
    CLUSTERS = "clusters"


def up(
    host: Host = None,
    port: Port = 8000,
    data_dir: DataDir = None,
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

    run(serve_app(local, listening, settings.ingest, beside))


def serve(
    service: Annotated[Service, typer.Argument(envvar="VOXPOP_SERVICE")],
    host: Host = None,
    port: Port = 8000,
    data_dir: DataDir = None,
) -> None:
    """Run one service."""
    overrides = {name: value for name, value in (("host", host), ("data_dir", data_dir)) if value is not None}
    settings_class = getattr(importlib.import_module(f"services.{service}.settings"), f"{service.title()}Settings")
    settings: ServiceSettings = _settings(lambda: settings_class(**overrides))
    configure_logs(settings.log_level)
    create_app = importlib.import_module(f"services.{service}.app").create_app
    application = create_app(settings)
    run(serve_app(application, bind(settings.host, port), settings))


def _settings(make: Callable[[], Any]) -> Any:
    """Return the settings; a wrong value is one sentence that names the variable."""
    try:
        return make()
    except ValueError as error:
        details: list[Any] = getattr(error, "errors", list)()
        sentences = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in details]
        stop("; ".join(sentences) or "the settings cannot be read", WRONG_USAGE)
