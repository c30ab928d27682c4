"""Commands about the curriculum itself: is a folder of TOML files whole, and what is thin in it?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shirube import terminal
from shirube.cli.options import FAILED

if TYPE_CHECKING:
    from roadmap.model import Roadmap
    from shirube.wiring import Wiring

roadmap_app = typer.Typer(help="The curriculum papers are filed along.", no_args_is_help=True)


@roadmap_app.command(epilog="Examples:  shirube roadmap check    shirube roadmap check my-road")
def check(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The folder; default: SHIRUBE_ROADMAP_DIR, else the packaged road."),
    ] = None,
) -> None:
    """Read a curriculum and name every fault in it: the file, the key, what is wrong and how to mend it."""
    from roadmap.load import PACKAGED, RoadmapError, load_roadmap
    from roadmap.thin import thin_spots

    wiring: Wiring = context.obj
    place = folder or wiring.settings.roadmap_dir or PACKAGED
    try:
        road = load_roadmap(place)
    except RoadmapError as problem:
        terminal.out("\n".join(problem.problems))
        terminal.say(f"{place}: problems: {len(problem.problems)}")
        raise typer.Exit(FAILED) from problem
    terminal.out(f"{place} is whole: {_counts(road)}")
    for line in thin_spots(road):
        terminal.out(f"could be better: {line}")


def _counts(road: Roadmap) -> str:
    kinds = {
        "stage": len(road.stages),
        "topic": len(road.topics),
        "work": len(road.canon),
        "lab": len(road.labs),
        "word of the glossary": len(road.glossary),
    }
    several = {"word of the glossary": "words of the glossary"}
    return ", ".join(f"{n} {kind if n == 1 else several.get(kind, kind + 's')}" for kind, n in kinds.items())
