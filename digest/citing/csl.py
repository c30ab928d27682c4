"""Works as CSL-JSON, which Zotero, pandoc and citeproc read (https://citeproc-js.readthedocs.io/en/latest/csl-json)."""

import json
from typing import Any

from digest import maths
from digest.citing.names import Name
from digest.citing.work import Work

MEDIA_TYPE = "application/vnd.citationstyles.csl+json"
SUFFIX = "csl.json"


def csl(work: Work) -> str:
    """Write one item on one line, for a JSON array."""
    return json.dumps(csl_item(work), ensure_ascii=False)


def csl_item(work: Work) -> dict[str, Any]:
    """Give one item as CSL's variables; those not known are left out."""
    values: dict[str, Any] = {
        "id": work.key,
        "citation-key": work.key,
        "type": "article" if work.kind == "paper" else "post-weblog",
        "genre": "preprint" if work.arxiv_id else None,
        "title": work.plain_title,
        "author": [_author(name) for name in work.authors],
        "issued": {"date-parts": [_date(work)]} if work.year else None,
        "publisher": work.publisher,
        "number": f"arXiv:{work.arxiv_id}" if work.arxiv_id else None,
        "version": str(work.version) if work.version else None,
        "DOI": work.doi,
        "URL": work.url,
        "categories": [work.category] if work.category else None,
        "note": work.journal,
        "status": "withdrawn" if work.withdrawn else None,
        "abstract": maths.to_text(work.abstract) if work.abstract else None,
    }
    return {name: value for name, value in values.items() if value}


def _author(name: Name) -> dict[str, str]:
    if name.literal:
        return {"literal": name.literal}
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
    }
    return {part: value for part, value in parts.items() if value}


def _date(work: Work) -> list[int]:
    return [part for part in (work.year, work.month, work.day) if part is not None]
