"""Digests written where people find them: whole files or none, and lists of papers in the formats people ask for."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from api.schemas import item_json
from core.errors import UsageError
from db.models import Issue, Item
from db.papers import SHOWN
from digest.citing import sheet
from digest.citing.forms import BIBTEX, CSL, RIS, Form
from digest.formats import formats, html
from digest.formats.html import file_name
from digest.sentences import type_mark
from digest.service import shown
from digest.views import view
from digest.words import voice
from locales.load import LANGUAGES
from roadmap.model import Roadmap
from shirube import terminal
from shirube.files import sweep, write_whole

Beside = Mapping[str, Mapping[str, Any]]  # item id -> what else is said of it, by name
Written = Callable[[Sequence[Item], Roadmap, Beside, float], None]


def check_format(form: str) -> None:
    """Refuse, before any work is done, a format digests are not written in; raises UsageError."""
    if form not in formats():
        raise UsageError(f"There is no format {form!r}", f"Formats are {', '.join(formats())}")


def render(issue: Issue, form: str, lang: str, stages: Sequence[int] = (), minutes: int | None = None) -> str:
    """Write an issue in one format and language, narrowed to stages or minutes."""
    digest = view(shown(issue), stages or None, minutes)
    if form == "html":
        return html.render(digest, lang, _stem(issue, stages, minutes))
    text: str = formats()[form].render(digest, lang)
    return text


def write_digest(issue: Issue, folder: Path, form: str, lang: str, stages: Sequence[int], minutes: int | None) -> Path:
    """Write an issue into a folder and give the file of the language asked for.

    The page is written in every language, since each links to the others.
    """
    stem = _stem(issue, stages, minutes)
    files = {each: folder / _name(stem, form, each) for each in (LANGUAGES if form == "html" else (lang,))}
    for each, file in files.items():
        write_whole(file, render(issue, form, each, stages, minutes).encode(), "Choose another folder with --out")
    sweep(files.values())
    return folder / _name(stem, form, lang)


def check_listing(form: str) -> None:
    """Refuse, before any work is done, a format lists are not printed in; raises UsageError."""
    if form not in LISTINGS:
        raise UsageError(f"There is no format {form!r}", f"Formats are {', '.join(LISTINGS)}")


def listing(
    items: Sequence[Item],
    form: str,
    roadmap: Roadmap,
    beside: Beside | None = None,
    *,
    min_fit: float | None = None,
) -> None:
    """Print items in one of LISTINGS; raises UsageError for another format.

    `beside` adds the same names to each item: keys in JSON, columns at the end of a table; references have none. JSON
    has the topics from `min_fit` on, as the API's, those shown by default.
    """
    check_listing(form)
    LISTINGS[form](items, roadmap, beside or {}, SHOWN if min_fit is None else min_fit)


def _stem(issue: Issue, stages: Sequence[int], minutes: int | None) -> str:
    """Name an issue's files; a view carries what makes it one in its name, so that it never replaces the issue."""
    parts = [f"since-{issue.digest['since']}"] if issue.digest.get("since") else []
    parts += [f"stage-{'-'.join(map(str, sorted(stages)))}"] if stages else []
    parts += [f"{minutes}min"] if minutes is not None else []
    return ".".join([issue.month, *parts])


def _name(stem: str, form: str, lang: str) -> str:
    return file_name(stem, lang) if form == "html" else f"{stem}{'' if lang == 'en' else f'.{lang}'}.{_suffix(form)}"


def _suffix(form: str) -> str:
    suffix: str = formats()[form].SUFFIX if form in formats() else form
    return suffix


def _table(items: Sequence[Item], roadmap: Roadmap, beside: Beside, _floor: float) -> None:
    rows = [
        (
            item.id,
            _day(item),
            f"{item.title}{_remark(item)}",
            sheet.topic_words(item, roadmap),
            "" if (worth := _worth(item)) is None else f"{worth:.2f}",
            *map(_cell, beside.get(item.id, {}).values()),
        )
        for item in items
    ]
    terminal.table(("id", "submitted", "title", "topics", "worth", *_names(beside)), rows, right=(4,))


def _jsonl(items: Sequence[Item], roadmap: Roadmap, beside: Beside, floor: float) -> None:
    for item in items:
        terminal.out(json.dumps(_value(item, roadmap, beside, floor), ensure_ascii=False))


def _json(items: Sequence[Item], roadmap: Roadmap, beside: Beside, floor: float) -> None:
    terminal.out(json.dumps([_value(item, roadmap, beside, floor) for item in items], ensure_ascii=False, indent=2))


def _csv(items: Sequence[Item], roadmap: Roadmap, beside: Beside, _floor: float) -> None:
    lines = [sheet.header(_names(beside))]
    lines += [sheet.row(item, roadmap, [*map(_cell, beside.get(item.id, {}).values())]) for item in items]
    terminal.out("".join(lines))


def _references(form: Form) -> Written:
    def write(items: Sequence[Item], roadmap: Roadmap, _beside: Beside, _floor: float) -> None:
        if text := "".join(form.pieces(items, roadmap)):
            terminal.out(text)

    return write


LISTINGS: dict[str, Written] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    **{form.name: _references(form) for form in (BIBTEX, RIS, CSL)},
}


def _value(item: Item, roadmap: Roadmap, beside: Beside, floor: float) -> dict[str, Any]:
    return {**item_json(item, roadmap, floor), **beside.get(item.id, {})}


def _names(beside: Beside) -> list[str]:
    return list(next(iter(beside.values()), {}))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return " ".join(value) if isinstance(value, list) else str(value)


def _day(item: Item) -> str:
    return item.submitted.date().isoformat() if item.submitted else item.month


def _type(item: Item) -> str | None:
    return item.rating.type if item.rating is not None else None


def _worth(item: Item) -> float | None:
    return item.rating.worth if item.rating else None


def _remark(item: Item) -> str:
    """Say beside a title what the digest marks as well."""
    marks = [*(["withdrawn"] if item.withdrawn else []), *type_mark(voice("en"), _type(item))]
    return f" ({', '.join(marks)})" if marks else ""
