"""The command line: parse, call a service, print. Results go to stdout, everything else to stderr.

Each module holds the commands of one subject; what is heavy to import is imported inside the command that needs it.
"""

import os
import sys
from typing import Annotated, NoReturn

import typer

from core.errors import ShirubeError, UsageError
from shirube import terminal
from shirube.cli import (
    collecting,
    correcting,
    jobs,
    keeping,
    keys,
    looking,
    mailing,
    people,
    publishing,
    reading,
    roads,
    running,
    searching,
)
from shirube.cli.options import FAILED, PARTLY, WRONG_USAGE
from shirube.names import program_version

INTERRUPTED = 130  # what typer makes of Ctrl-C

app = typer.Typer(
    name="shirube",
    help="Research papers along a study road: pulled, ranked, and one digest a month that says why each was chosen.",
    epilog="Begin with: shirube digest    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 partly done.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (reading, searching, collecting, publishing, correcting, looking, running, jobs, mailing, people):
    app.add_typer(part.commands)
app.add_typer(people.subscribers_app, name="subscribers")
app.add_typer(keys.keys_app, name="keys")
app.add_typer(keeping.config_app, name="config")
app.add_typer(keeping.db_app, name="db")
app.add_typer(roads.roadmap_app, name="roadmap")


def _print_version(wanted: bool) -> None:
    if wanted:
        terminal.out(f"shirube {program_version()}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and leave.")
    ] = False,
) -> None:
    """Read the settings once, for whichever command follows."""
    if context.invoked_subcommand is None or context.resilient_parsing:
        return
    from shirube import logs
    from shirube.settings import load_settings
    from shirube.wiring import Wiring

    settings = load_settings()
    logs.configure(settings.log_format)
    context.obj = Wiring(settings)


def main() -> None:
    """Run the command line; expected failures end in two lines of advice, never in a traceback."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # it logs each try twice; our own sentence says what came of it
    try:
        app(prog_name="shirube")
    except SystemExit as ended:
        if ended.code != INTERRUPTED:
            raise
        terminal.say("Stopped; what was read is kept.")
        sys.exit(PARTLY)
    except Exception as problem:
        from shirube import troubles

        known = troubles.in_words(problem)
        if known is None:
            raise
        _end(known)


def _end(problem: ShirubeError) -> NoReturn:
    """Say what is wrong and what to do, and leave."""
    terminal.say(f"shirube: {problem.message}")
    if problem.advice:
        terminal.say(f"  {problem.advice}.")
    sys.exit(WRONG_USAGE if isinstance(problem, UsageError) else FAILED)
