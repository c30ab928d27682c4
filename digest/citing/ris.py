"""Works as RIS, the tagged format of reference managers."""

import rispy  # type: ignore[import-untyped]

from digest import maths
from digest.citing.work import Work

MEDIA_TYPE = "application/x-research-info-systems"
SUFFIX = "ris"


class _Writer(rispy.RisWriter):  # type: ignore[misc]  # the library has no types
    """RIS without the running number that the library puts above each reference: no reader needs it."""

    def set_header(self, count: int) -> str:
        """Give the line above a reference: none."""
        return ""


def ris(work: Work) -> str:
    """Write one reference, an empty line at its end."""
    values = {name: value for name, value in _fields(work).items() if value}
    return str(rispy.dumps([values], implementation=_Writer)) + "\n"


def _fields(work: Work) -> dict[str, str | list[str] | None]:
    withdrawn = ["Withdrawn"] if work.withdrawn else []
    return {
        "type_of_reference": "UNPB" if work.kind == "paper" else "BLOG",
        "id": work.key,
        "title": work.plain_title,
        "authors": [name.inverted() for name in work.authors],
        "year": str(work.year) if work.year else None,
        "date": _date(work),
        "publisher": work.publisher,
        "note": f"arXiv:{work.arxiv_id}" if work.arxiv_id else None,
        "keywords": [work.category] if work.category else [],
        "doi": work.doi,
        "urls": [work.url] if work.url else [],
        "file_attachments1": work.pdf_url,
        "notes": [*withdrawn, *([work.journal] if work.journal else [])],
        "abstract": maths.to_text(work.abstract) if work.abstract else None,
    }


def _date(work: Work) -> str | None:
    """Write a date as RIS has it: year, month and day between slashes, what is not known left empty."""
    if work.year is None:
        return None
    parts = [f"{work.year:04d}", *(f"{part:02d}" if part else "" for part in (work.month, work.day))]
    return "/".join([*parts, ""])
