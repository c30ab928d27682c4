"""A work as a line of text to paste: authors, title, where, when, address."""

from core.text import clean
from digest.citing.names import Name
from digest.citing.work import Work

AUTHORS = 10  # beyond them "et al."


def reference(work: Work) -> str:
    """Write a work as one line: "Ada Moorhen and Ivo Plover. A heron. arXiv:2606.00001 [cs.LG], 2026. https://…"."""
    place = f"arXiv:{work.arxiv_id}" if work.arxiv_id else work.publisher
    place += f" [{work.category}]" if work.category else ""
    where = ", ".join(part for part in (place, str(work.year or "")) if part)
    named = [_sentence(part) for part in (_authors(work.authors), work.plain_title, where) if part]
    withdrawn = ["Withdrawn."] if work.withdrawn else []
    return clean(" ".join([*named, *withdrawn, *([work.url] if work.url else [])]))


def _authors(names: tuple[Name, ...]) -> str:
    said = [_printed(name) for name in names[:AUTHORS]]
    if len(names) > AUTHORS:
        return f"{', '.join(said)}, et al."
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def _printed(name: Name) -> str:
    return name.literal or " ".join(p for p in (name.given, name.particle, name.family, name.suffix) if p)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
