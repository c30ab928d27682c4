"""The command that corrects a final issue by an erratum: it is shown first, and the issue itself never changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import UsageError
from core.months import parse_month
from shirube import terminal

if TYPE_CHECKING:
    from digest.errata import Row
    from shirube.wiring import Wiring

commands = typer.Typer()
_EXAMPLES = (
    "Examples:  shirube erratum 2026-10    shirube erratum 2026-10 5.2 --text-en 'It is not by the lab named.' "
    "--text-ja '記載の研究所のものではありません。'"
)


@commands.command(epilog=_EXAMPLES)
def erratum(
    context: typer.Context,
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="A month with a final issue.")],
    item: Annotated[str | None, typer.Argument(help="The id or the number of what is corrected; none lists.")] = None,
    text_en: Annotated[str, typer.Option(help="The correction in English, at most 300 characters.")] = "",
    text_ja: Annotated[str, typer.Option(help="The same in Japanese.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the errata of a final issue, or add one; none is ever taken away, and the issue stays as it was mailed."""
    wanted = parse_month(month)
    rows = (
        _added(context.obj, wanted, item, text_en, text_ja) if item else _listed(context.obj, wanted, text_en + text_ja)
    )
    if as_json:
        terminal.out(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = [(row["date"], row["kind"], row["item_id"], terminal.plain(row["detail"])) for row in rows]
    terminal.table(("noted", "kind", "item", "what is said"), table)


def _listed(wiring: Wiring, month: str, texts: str) -> list[Row]:
    if texts:
        raise UsageError("A correction without an item", "Name what it is about: its id, or its number in the issue")
    from db.engine import reading
    from digest import service

    with reading(wiring.sessions) as session:
        return service.read_errata(session, month)


def _added(wiring: Wiring, month: str, item: str, text_en: str, text_ja: str) -> list[Row]:
    from digest import service

    with wiring.sessions.begin() as session:
        row, new = service.add_statement(session, month, item, {"en": text_en, "ja": text_ja}, wiring.clock())
    terminal.say("Noted." if new else f"Nothing was added: the same was noted on {row['date']}.")
    return [row]
