"""Search, status, about and error pages are valid HTML, by html-validate."""

from pathlib import Path

from fastapi.testclient import TestClient

from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import fill
from tests.html_validate import PAGE, complaints

ADDRESSES = {
    "form": "/search?stage=5",
    "found": "/search?q=heron&has_code=true",
    "japanese": "/search?q=検索拡張生成の鷺",
    "none": "/search?q=zeppelin&stage=1&until=2026-01-01",
    "wrong": "/search?q=heron&stage=x&since=y&min_fit=2&page=9",
    "status": "/status?month=2026-06",
    "about": "/about?",
    "missing": "/papers/2606.0000",
}


def test_pages_are_valid(client: TestClient, sessions: Sessions, roadmap: Roadmap, tmp_path: Path) -> None:
    fill(sessions, roadmap, 24, code=["https://github.com/heron/clock"])
    pages = {
        f"{name}.{lang}.html": client.get(f"{address}{'&' if '?' in address else '?'}lang={lang}").text
        for name, address in ADDRESSES.items()
        for lang in ("en", "ja")
    }
    assert complaints(pages, PAGE, tmp_path) == []
