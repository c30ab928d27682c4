"""Commands that find papers: by name, words and meaning, and by likeness to another paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import ModelError, NotFoundError, UsageError
from core.ids import arxiv_month
from shirube import terminal
from shirube.cli.options import Day, Kind, paper_filter

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from db.papers import PaperFilter
    from ranking.matrix import Matrix
    from ranking.search import Asked
    from ranking.service.searching import Found, Meaning
    from shirube.wiring import Wiring

commands = typer.Typer()

Topic = Annotated[str | None, typer.Option(help="Only what is filed under this topic.")]
Lab = Annotated[str | None, typer.Option(help="Only from this lab.")]
Stage = Annotated[int | None, typer.Option(min=1, help="Only what is filed under a topic of this stage.")]
KindOf = Annotated[Kind | None, typer.Option()]
HasCode = Annotated[bool, typer.Option("--has-code", help="Only with code.")]
MinFit = Annotated[float | None, typer.Option(min=0, max=1, help="Another floor than 0.5 for --topic and --stage.")]
Limit = Annotated[int, typer.Option(min=1, max=1000)]
Form = Annotated[str, typer.Option("--format", help="table, json, jsonl, csv, bibtex, ris or csl.")]


@commands.command(
    epilog="Examples:  shirube search sparse attention    shirube search 検索拡張生成 --stage 7    "
    "shirube search https://arxiv.org/abs/1706.03762"
)
def search(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS...", help="Words, a title, an arXiv id, a DOI or an address.")
    ],
    topic: Topic = None,
    lab: Lab = None,
    stage: Stage = None,
    since: Day = None,
    until: Day = None,
    kind: KindOf = None,
    has_code: HasCode = False,
    min_fit: MinFit = None,
    limit: Limit = 20,
    form: Form = "table",
) -> None:
    """Find stored papers and posts by words and by meaning, in English or Japanese."""
    from db import papers
    from db.engine import reading
    from ranking import search as rules
    from ranking.glossary import terms_of
    from ranking.service import searching
    from shirube import output

    output.check_listing(form)
    wiring: Wiring = context.obj
    wanted = paper_filter(wiring, topic, lab, stage, since, until, kind, has_code, min_fit, limit)
    asked = rules.understand(" ".join(words), terms_of(wiring.roadmap))
    if not asked.text:
        raise UsageError("There is nothing to search for", "Name some words")
    _say_reading(asked, wiring)
    if named := rules.lab_called(asked, wiring.roadmap):
        terminal.say(f"The road follows a lab of that name: shirube papers --lab {named}")
    meaning = _meaning(wiring, asked.words)
    with reading(wiring.sessions) as session:
        found = searching.search(
            session, asked, wanted, _stages(wiring), meaning, rules.lab_asked(asked, wiring.roadmap)
        )
        output.listing(papers.by_ids(session, found.ids), form, wiring.roadmap, min_fit=min_fit)
        _say_rest(session, wiring, asked, wanted, found)


@commands.command(epilog="Examples:  shirube similar 2606.01234    shirube similar 2606.01234 --topic rag --has-code")
def similar(
    context: typer.Context,
    paper: Annotated[str, typer.Argument(metavar="ID", help="An arXiv id in any form, or the id of a post.")],
    topic: Topic = None,
    lab: Lab = None,
    stage: Stage = None,
    since: Day = None,
    until: Day = None,
    kind: KindOf = None,
    has_code: HasCode = False,
    min_fit: MinFit = None,
    limit: Limit = 20,
    form: Form = "table",
) -> None:
    """List the stored papers and posts closest to one, by the cosine of their vectors; near-twins are folded."""
    from db import papers
    from db.engine import reading
    from ranking.service import searching
    from shirube import output

    output.check_listing(form)
    wiring: Wiring = context.obj
    wanted = paper_filter(wiring, topic, lab, stage, since, until, kind, has_code, min_fit, limit)
    matrix = _matrix(wiring)
    if not matrix.ids:
        raise NotFoundError("No item has a vector yet", "Run shirube rank first")
    with reading(wiring.sessions) as session:
        item_id = searching.known_id(session, paper)
        near = searching.similar(session, item_id, wanted, _stages(wiring), matrix, wiring.embedder)
        beside = {one.id: {"cosine": round(one.cosine, 4), "twins": list(one.twins)} for one in near}
        output.listing(papers.by_ids(session, [one.id for one in near]), form, wiring.roadmap, beside, min_fit=min_fit)
    if not near:
        terminal.say("Nothing else that the filters let through has a vector. Leave one of them out.")


def _stages(wiring: Wiring) -> dict[int, tuple[str, ...]]:
    return {stage.number: stage.topics for stage in wiring.roadmap.stages}


def _matrix(wiring: Wiring) -> Matrix:
    from ranking.service import vector_matrix

    return vector_matrix(wiring.sessions, wiring.settings.embedding_model, wiring.cache_dir)


def _meaning(wiring: Wiring, words: str) -> Meaning | None:
    """Prepare search by meaning; None, and the reason is said, where the words alone must do."""
    from ranking.service.searching import Meaning

    if not words:
        return None
    matrix = _matrix(wiring)
    if not matrix.ids:
        terminal.say("Found by words alone: no paper has a vector yet. shirube rank makes them.")
        return None
    try:
        return Meaning(wiring.embedder.embed([words])[0], matrix)
    except ModelError as problem:
        terminal.say(f"Found by words alone: {problem}")
        return None


def _say_reading(asked: Asked, wiring: Wiring) -> None:
    """Tell how Japanese was read, what of it was not understood, and what the road has of its own on it."""
    from ranking.search import read_as

    told = read_as(asked, wiring.roadmap)
    if told is None:
        return
    if told.english:
        terms = ", ".join(f"{ja} = {en}" for ja, en in told.terms)
        terminal.say(f"Read as: {told.english}  ({terms})" if terms else f"Read as: {told.english}")
    if told.unknown:
        terminal.say(
            f"Not understood: {'、'.join(told.unknown)}. Papers are written in English and searched in it; "
            "Japanese is read term by term, by the glossary. Say these in English."
        )
    if told.empty:
        terminal.say("These words only join others or say that papers are looked for; name what they should be about.")
    for key in told.topics:
        terminal.say(f"The road has a topic of that name: shirube papers --topic {key}")


def _say_rest(session: Session, wiring: Wiring, asked: Asked, wanted: PaperFilter, found: Found) -> None:
    for odd in found.odd:
        many = f"Only {odd.count} of the papers have" if odd.count else "No paper has"
        terminal.say(f"{many} the word {odd.word}." + (f" Words near it: {', '.join(odd.near)}" if odd.near else ""))
    if found.left_out:
        terminal.say(f"The filters leave out what the query names: {', '.join(found.left_out)}")
    if found.named and asked.named.only:
        terminal.say(f"What is close to it: shirube similar {found.named[0]}")
    if not found.ids:
        terminal.say(f"Nothing found. {' '.join(_advice(session, wiring, asked, wanted))}")


def _advice(session: Session, wiring: Wiring, asked: Asked, wanted: PaperFilter) -> Sequence[str]:
    """Say what to try where nothing was found."""
    from db import papers
    from ranking.service import searching

    if papers.is_empty(session):
        return ["No paper is stored yet; begin with: shirube digest"]
    free = type(wanted)(limit=wanted.limit)
    if replace(wanted, sort=free.sort) != free:
        more = searching.search(session, asked, free, _stages(wiring), None)
        if more.ids:
            count = f"{len(more.ids)} and more" if len(more.ids) >= wanted.limit else str(len(more.ids))
            return [f"Without the filters there are results ({count}): leave one out."]
    if asked.arxiv_id:
        return [f"{asked.arxiv_id} is not stored; its month is pulled by: shirube digest {arxiv_month(asked.arxiv_id)}"]
    if asked.named.only:
        return ["No stored paper goes by this name; try words of its title."]
    return ["Try fewer or other words, or the English name of what you look for."]
