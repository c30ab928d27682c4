"""The pages of the site are valid HTML, by html-validate."""

from datetime import UTC, datetime
from pathlib import Path

from fastapi.testclient import TestClient

from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import fill, make_issue
from tests.html_validate import PAGE, complaints

JUNE = datetime(2026, 6, 20, 9, tzinfo=UTC)
ADDRESSES = ("/", "/digests", "/digests/2026-06", "/digests/2026-06?minutes=30", "/papers/2606.00001", "/subscribe",
             "/digests/2026-13", "/docs", "/stages/5", "/topics/mixture-of-experts",
             "/topics/mixture-of-experts?has_code=true", "/labs/qwen", "/place", "/feeds")  # fmt: skip


def test_pages_are_valid(client: TestClient, sessions: Sessions, roadmap: Roadmap, tmp_path: Path) -> None:
    empty = client.get("/").text
    fill(sessions, roadmap, 6)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    headers = {"accept": "text/html"}
    pages = {
        f"{number}.{lang}.html": client.get(address, params={"lang": lang} | _query(address), headers=headers).text
        for number, address in enumerate(ADDRESSES)
        for lang in ("en", "ja")
    }
    folded = client.get("/", headers=headers | {"cookie": "place=4"}).text
    assert complaints({**pages, "empty.html": empty, "folded.html": folded}, PAGE, tmp_path) == []


def _query(address: str) -> dict[str, str]:
    return dict([address.partition("?")[2].split("=")]) if "?" in address else {}
