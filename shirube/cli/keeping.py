"""Commands about what is kept: settings and database."""

import typer

from shirube import terminal
from shirube.settings import shown
from shirube.wiring import Wiring

config_app = typer.Typer(help="The settings in force.", no_args_is_help=True)
db_app = typer.Typer(help="The database.", no_args_is_help=True)


@config_app.command("show")
def show_config(context: typer.Context) -> None:
    """Print every setting with its value in force; secrets are masked."""
    wiring: Wiring = context.obj
    for name, value in shown(wiring.settings).items():
        terminal.out(f"{name}={value}")


@db_app.command("upgrade")
def upgrade_database(context: typer.Context) -> None:
    """Make the database, or bring it to the newest form."""
    wiring: Wiring = context.obj
    terminal.say(f"The database is up to date ({wiring.engine.dialect.name}).")
