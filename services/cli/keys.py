"""`voxpop key`: API keys."""

from typing import Annotated

import typer

from services.cli.console import WRONG_USAGE, err, out, stop
from shared.access import Scope, digest_of, new_secret

key_app = typer.Typer(no_args_is_help=True, help="API keys.")


@key_app.command("new")
def new_key(
    name: Annotated[str, typer.Option(help="whose key it is")],
    scope: Annotated[str, typer.Option(help=f"{', '.join(Scope)}; several joined by +")],
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
