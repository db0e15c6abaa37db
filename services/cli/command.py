"""`voxpop`: the command line. Exit codes: 0 fine, 1 some failed, 2 wrong usage, 3 a service cannot be reached."""

import typer

from services.cli.analyses import analyze
from services.cli.catalog import catalog_app, show_audience
from services.cli.clusters import show_clusters
from services.cli.console import exit_codes
from services.cli.export import export_brand, import_backup, migrate_store
from services.cli.keys import key_app
from services.cli.model import model_app
from services.cli.processes import serve, up
from services.cli.topics import show_topics
from services.cli.upload import ingest
from services.cli.x_sandbox import x_sandbox
from shared.logs import configure_logs

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(key_app, name="key")
app.add_typer(model_app, name="model")
app.add_typer(catalog_app, name="catalog")
app.command()(up)
app.command()(serve)
app.command()(ingest)
app.command()(analyze)
app.command("clusters")(show_clusters)
app.command("topics")(show_topics)
app.command("audience")(show_audience)
app.command("export")(export_brand)
app.command("import")(import_backup)
app.command("migrate")(migrate_store)
app.command()(x_sandbox)


def main() -> None:
    """Run the command line."""
    configure_logs("ERROR")
    with exit_codes():
        app()
