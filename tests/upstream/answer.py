"""What a route gives back before any fault is applied to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

ATOM = "application/atom+xml; charset=utf-8"
JSON = "application/json; charset=utf-8"
RSS = "application/rss+xml; charset=utf-8"
XML = "text/xml; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """A status, a body and the headers that describe it."""

    body: bytes
    content_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    conditional: bool = False

    def with_body(self, body: bytes, content_type: str | None = None) -> Answer:
        """The same answer with other content."""
        return replace(self, body=body, content_type=content_type or self.content_type)


def as_json(value: Any, status: int = 200) -> Answer:
    """A JSON answer, compact as the real servers write it."""
    return Answer(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), JSON, status)


def text(value: str) -> str:
    """A value inside an XML element."""
    return escape(value, quote=False)


def attribute(value: str) -> str:
    """A value inside an XML attribute."""
    return escape(value, quote=True)
