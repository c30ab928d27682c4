"""Commands about the people who get the digest by mail."""

from typing import Annotated

import typer

from core.months import parse_month
from shirube import terminal
from shirube.cli.options import FAILED, PARTLY, Lang, Stages, known_stages
from shirube.wiring import Wiring

commands = typer.Typer()
subscribers_app = typer.Typer(help="The people who get the digest by mail.", no_args_is_help=True)


@commands.command(epilog="Examples:  shirube send --dry-run    shirube send 2026-10")
def send(
    context: typer.Context,
    month: Annotated[str | None, typer.Argument(metavar="[YYYY-MM]", help="Default: the last final issue.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say who would get it.")] = False,
) -> None:
    """Mail a final issue to every subscriber; a draft or a sample is refused."""
    from shirube import mail

    ended = mail.send(context.obj, parse_month(month) if month else None, dry_run=dry_run)
    terminal.out(ended)


@subscribers_app.command(
    "add", epilog="Example:  shirube subscribers add reader@example.org --lang ja --consent 'signed up at the course'"
)
def add_subscriber(
    context: typer.Context,
    emails: Annotated[list[str], typer.Argument(help="One or more addresses.")],
    consent: Annotated[str, typer.Option(help="Where and how the person agreed; kept with the date.")],
    lang: Annotated[Lang, typer.Option()] = Lang.en,
    stage: Stages = None,
    minutes: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Add people who agreed elsewhere to get the digest."""
    from shirube import mail

    wiring: Wiring = context.obj
    outcomes = mail.add(wiring, emails, consent, lang.value, known_stages(wiring, stage), minutes)
    for email, outcome in outcomes:
        terminal.out(f"{email}\t{outcome}")
    if any(outcome.startswith("invalid") for _, outcome in outcomes):
        raise typer.Exit(FAILED if len(outcomes) == 1 else PARTLY)
