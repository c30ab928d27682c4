"""The stand-in for the sources, one for each module and well again for each test."""

from collections.abc import Iterator

import pytest

from tests.upstream import Upstream


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    """One stand-in for the whole module."""
    with Upstream(months=("2026-09",)) as running:
        yield running


@pytest.fixture
def up(server: Upstream) -> Upstream:
    """The stand-in without faults and with an empty log."""
    server.clear_faults()
    server.log.clear()
    return server
