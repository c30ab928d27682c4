"""Items as Markdown for note programs: a note with front matter for one, a section each for a list."""

import json
from typing import Any

from core.text import clean
from db.models import Item
from db.papers import SHOWN
from digest import maths
from digest.citing.bibtex import bibtex
from digest.citing.work import Work, work_of
from digest.formats.markdown import written
from digest.words import Part, web
from roadmap.model import Roadmap

MEDIA_TYPE = "text/markdown"
SUFFIX = "md"


def note(item: Item, roadmap: Roadmap) -> str:
    """Write an item with code, topics, labs and rating loaded as a note: front matter, abstract, links, BibTeX."""
    work = work_of(item, roadmap)
    blocks = [front_matter(_facts(item, work, roadmap)), f"# {_heading(work)}", *_body(item, work)]
    return "\n\n".join([*blocks, f"```bibtex\n{bibtex(work)}```"]) + "\n"


def section(item: Item, roadmap: Roadmap) -> str:
    """Write an item with its code loaded as one section of a list."""
    work = work_of(item, roadmap)
    return "\n\n".join([f"## {_heading(work)}", *_body(item, work)]) + "\n"


def front_matter(values: dict[str, Any]) -> str:
    """Write values as the head that note programs read: YAML, whose strings are those of JSON (yaml.org, 1.2.2)."""
    rows = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join(["---", *rows, "---"])


def _heading(work: Work) -> str:
    marked = f"{work.plain_title} (withdrawn)" if work.withdrawn else work.plain_title
    return written(Part(marked, href=work.url))


def _facts(item: Item, work: Work, roadmap: Roadmap) -> dict[str, Any]:
    topics = [score for score in item.topics if score.fit >= SHOWN and score.topic in roadmap.topics]
    rating = item.rating
    values = {
        "title": work.plain_title,
        "id": work.id,
        "kind": work.kind,
        "citekey": work.key,
        "authors": _authors(item),
        "date": _date(work),
        "doi": work.doi,
        "url": work.url,
        "pdf": work.pdf_url,
        "code": [url for code in item.code if (url := web(code.url))],
        "categories": [clean(str(category)) for category in item.categories],
        "topics": [score.topic for score in topics],
        "labs": [score.lab for score in item.labs if score.confidence >= SHOWN],
        "stage": topics[0].stage if topics else None,
        "type": rating.type if rating else None,
        "worth": round(rating.worth, 4) if rating and rating.worth is not None and topics else None,
    }
    known = {name: value for name, value in values.items() if value not in (None, [], "")}
    return known | {"withdrawn": work.withdrawn}


def _body(item: Item, work: Work) -> list[str]:
    names = written(", ".join(_authors(item)) or work.publisher)
    about = [names, _date(work), f"arXiv:{work.arxiv_id}" if work.arxiv_id else work.id]
    links = [("PDF", work.pdf_url), *(("Code", web(code.url)) for code in item.code)]
    return [
        block
        for block in (
            " · ".join(word for word in about if word),
            written(Part(work.abstract, "title")) if work.abstract else "",
            " · ".join(written(Part(name, href=url)) for name, url in links if url),
        )
        if block
    ]


def _authors(item: Item) -> list[str]:
    return [name for author in item.authors if (name := clean(maths.to_text(str(author["name"]))))]


def _date(work: Work) -> str:
    parts = [f"{work.year:04d}" if work.year else "", *(f"{part:02d}" for part in (work.month, work.day) if part)]
    return "-".join(part for part in parts if part)
