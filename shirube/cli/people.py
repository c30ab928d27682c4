"""Commands about the people who get the digest by mail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import UsageError
from shirube import terminal
from shirube.cli.options import ENGLISH, FAILED, PARTLY, Lang, known, known_stages

if TYPE_CHECKING:
    from shirube.wiring import Wiring

commands = typer.Typer()
subscribers_app = typer.Typer(help="The people who get the digest by mail.", no_args_is_help=True)


@subscribers_app.command(
    "add", epilog="Example:  shirube subscribers add reader@example.org --lang ja --consent 'signed up at the course'"
)
def add_subscriber(
    context: typer.Context,
    emails: Annotated[list[str], typer.Argument(help="One or more addresses.")],
    consent: Annotated[str, typer.Option(help="Where and how the person agreed; kept with the date.")],
    lang: Annotated[Lang, typer.Option()] = ENGLISH,
    stage: Annotated[list[int] | None, typer.Option(min=1, help="A stage the person studies; may be repeated.")] = None,
    topic: Annotated[list[str] | None, typer.Option(help="A topic above all; may be repeated.")] = None,
    lab: Annotated[list[str] | None, typer.Option(help="A lab to follow; may be repeated.")] = None,
    minutes: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Add people who agreed elsewhere to get the digest."""
    from digest.subscriptions import Subscription
    from shirube import people

    wiring: Wiring = context.obj
    for name in topic or []:
        known(wiring, name, None, None)
    for name in lab or []:
        known(wiring, None, name, None)
    stages = tuple(known_stages(wiring, stage))
    choice = Subscription("", lang.value, stages, tuple(topic or ()), tuple(lab or ()), minutes)
    _tell(people.add(wiring, emails, consent, choice))


@subscribers_app.command(
    "list", epilog="Examples:  shirube subscribers list    shirube subscribers list --state suppressed"
)
def list_subscribers(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="Only these: active, left or suppressed.")] = None,
) -> None:
    """List people with their state, their choice, and where and when they agreed."""
    from shirube import people

    found, more = people.listed(context.obj, state)
    headings = ("address", "state", "lang", "stages", "minutes", "agreed", "where")
    rows = [
        (
            terminal.plain(one.email),
            one.state + (f" ({terminal.plain(one.state_why)})" if one.state_why else ""),
            one.lang,
            " ".join(map(str, one.stages)) or "all",
            str(one.minutes or ""),
            f"{one.consent_at:%Y-%m-%d}",
            terminal.plain(one.consent_source),
        )
        for one in found
    ]
    terminal.table(headings, rows)
    told = ", ".join(f"{name}: {number}" for name, number in sorted(more.items()))
    terminal.say(f"{len(found)} people; besides, {told}")


@subscribers_app.command(
    "import", epilog="Example:  shirube subscribers import people.csv --consent 'signed up at the course'"
)
def import_subscribers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with a heading; - is standard input.")],
    consent: Annotated[str, typer.Option(help="Where they agreed, for lines without a consent_source.")] = "",
) -> None:
    """Add people from a CSV file, such as `subscribers export` writes: only the column email is needed."""
    from shirube import people

    _tell(people.import_people(context.obj, _text_of(file), consent.strip()))


def _text_of(file: Path) -> str:
    """Read a file, or standard input; raises UsageError where that cannot be."""
    try:
        return sys.stdin.read() if file == Path("-") else file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise UsageError("The file is not UTF-8", "Save it as CSV in UTF-8") from problem
    except OSError as problem:
        raise UsageError(f"{file} cannot be read: {problem.strerror}", "Check path and rights") from problem


@subscribers_app.command(
    "export",
    epilog="Examples:  shirube subscribers export > people.csv    shirube subscribers export reader@example.org",
)
def export_subscribers(
    context: typer.Context,
    email: Annotated[str | None, typer.Argument(help="One person: all that is kept of them, as JSON.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv or json, for all.")] = "csv",
) -> None:
    """Write everyone with their choice and consent, or all that is kept of one person."""
    from shirube import people

    terminal.out(people.export_one(context.obj, email) if email else people.export(context.obj, form))


@subscribers_app.command(
    "suppress",
    epilog="Examples:  shirube subscribers suppress reader@example.org --why 'asked by letter'    "
    "shirube subscribers suppress reader@example.org --lift",
)
def suppress_subscribers(
    context: typer.Context,
    emails: Annotated[list[str], typer.Argument(help="One or more addresses.")],
    why: Annotated[str, typer.Option(help="Kept beside the person.")] = "by the operator",
    lift: Annotated[bool, typer.Option("--lift", help="Let them sign up again; it sends nothing by itself.")] = False,
) -> None:
    """Never write to addresses again, whoever signs them up."""
    from shirube import people

    _tell(people.suppress(context.obj, emails, why, lift=lift))


@subscribers_app.command("erase", epilog="Example:  shirube subscribers erase reader@example.org")
def erase_subscribers(
    context: typer.Context,
    emails: Annotated[list[str], typer.Argument(help="One or more addresses.")],
) -> None:
    """Delete all that is kept of people, at once and for good; a keyed hash remains, so that nobody adds them again."""
    from shirube import people

    _tell(people.erase(context.obj, emails))


@commands.command(epilog="Example:  shirube feedback")
def feedback(context: typer.Context) -> None:
    """List the topics and labs that readers say are wrong, most often said first; it tells nobody who."""
    from shirube import people

    rows = [
        (
            one.verb,
            one.detail,
            one.item_id,
            str(one.readers),
            str(one.visitors),
            f"{one.newest:%Y-%m-%d}",
            terminal.plain(one.title),
        )
        for one in people.doubts(context.obj)
    ]
    terminal.table(("says", "which", "item", "readers", "visitors", "last", "title"), rows, right=(3, 4))


def _tell(outcomes: list[tuple[str, str]]) -> None:
    """Print each address with what became of it; ends with an error where one could not be read."""
    for email, outcome in outcomes:
        terminal.out(f"{terminal.plain(email)}\t{outcome}")
    if any(outcome.startswith(("invalid", "unknown")) for _, outcome in outcomes):
        raise typer.Exit(FAILED if len(outcomes) == 1 else PARTLY)
