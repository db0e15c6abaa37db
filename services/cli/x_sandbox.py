"""`voxpop x-sandbox`: a local X for whoever has bought no access."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from services.cli.console import WRONG_USAGE, out, stop
from shared.errors import SettingsError
from shared.logs import configure_logs


def x_sandbox(
    replay: Annotated[str, typer.Option(help="posts to publish: a file as `voxpop ingest` reads it, - for stdin")],
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 0,
    folder: Annotated[Path, typer.Option(help="where the certificate is written")] = Path("var/x-sandbox"),
    rate: Annotated[float, typer.Option(min=0.01, max=10_000, help="posts a second")] = 5.0,
    faults: Annotated[str, typer.Option(help="what goes wrong at random, with commas: all, stall, drop ...")] = "",
    fault_seconds: Annotated[float, typer.Option(min=0.1, help="mean seconds between two faults")] = 30.0,
    language: Annotated[str, typer.Option(help="of posts whose row tells none; X would detect it")] = "und",
    map_: Annotated[list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="repeatable")] = None,
) -> None:
    """Serve X's API v2 on this machine and publish a file's posts there, so that voxpop can be tried without X."""
    from sandbox.command import serve
    from services.ingest.sources.file import FileError
    from services.ingest.sources.rows import ColumnError

    configure_logs("ERROR")
    chosen = tuple(name.strip() for name in faults.split(",") if name.strip())
    try:
        uvloop.run(
            serve(
                replay,
                host=host,
                port=port,
                folder=folder,
                rate=rate,
                faults=chosen,
                fault_seconds=fault_seconds,
                mapping=map_ or [],
                language=language,
                say=lambda line: out.print(line, highlight=False, soft_wrap=True, markup=False),
            )
        )
    except SettingsError as error:
        stop(error.detail, WRONG_USAGE)
    except (ColumnError, FileError) as error:
        stop(f"{replay}: {error}", WRONG_USAGE)
    except OSError as error:
        stop(f"{error.filename or replay}: {error.strerror}", WRONG_USAGE)
