"""The pages of stages, topics and labs: what they are, what to read, what is new; and the canon over the API."""

from fastapi.testclient import TestClient

from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, add_item, fill


def test_pages_answer(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 3)
    for a in ("/stages/5", f"/topics/{TOPIC}", "/labs/qwen", "/place"):
        answer = client.get(a)
        assert answer.status_code == 200, answer.text
