"""A client of the web app over a fresh database of each kind."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import AppOptions, create_app
from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap

OPTIONS = AppOptions(base_url="https://road.example/", version="9.9", tag_authority="road.example")
ClientFactory = Callable[[AppOptions], TestClient]


@pytest.fixture
def make_client(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> ClientFactory:
    """Open the app with options of the test's own; server errors are answers, redirects are not followed."""

    def make(options: AppOptions) -> TestClient:
        app = create_app(sessions, roadmap, clock, options)
        return TestClient(app, raise_server_exceptions=False, follow_redirects=False)

    return make


@pytest.fixture
def client(make_client: ClientFactory) -> Iterator[TestClient]:
    """A client of the app at https://road.example/."""
    with make_client(OPTIONS) as client:
        yield client
