"""One month of invented papers, pulled once; tests that change it work on copies."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.shirube.command import CLOSED, Ended, run
from tests.upstream import Upstream

MONTH = "2026-10"


@dataclass(frozen=True)
class Store:
    """A data folder, the settings that lead to it, and how the digest in it was made."""

    up: Upstream
    env: dict[str, str]
    made: Ended

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.env["SHIRUBE_DATA_DIR"])

    def page(self, name: str = f"{MONTH}.html") -> str:
        """A written digest."""
        return (self.folder / "digests" / name).read_text(encoding="utf-8")

    def copied(self, to: Path) -> "Store":
        """The same store in another folder, to be changed."""
        shutil.copytree(self.folder, to)
        return replace(self, env={**self.env, "SHIRUBE_DATA_DIR": str(to)})


@pytest.fixture(scope="session")
def up() -> Iterator[Upstream]:
    """The stand-in for all sources."""
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def as_it_was(up: Upstream) -> Iterator[None]:
    """What a test changed in the world of the stand-in and put back is no change, nor is it later than before."""
    before = up.catalogue.revision
    yield
    up.catalogue.revision = before


@pytest.fixture(scope="session")
def october(up: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The draft of October, made on its last evening; only to be read."""
    env = {**up.environment(), "SHIRUBE_DATA_DIR": str(tmp_path_factory.mktemp("october") / "var")}
    return Store(up, env, run("digest", MONTH, env=env))


@pytest.fixture(scope="session")
def final(october: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The same month after its closing time: a final issue; only to be read."""
    store = october.copied(tmp_path_factory.mktemp("final") / "var")
    return replace(store, made=run("digest", MONTH, env=store.env, now=CLOSED))


@pytest.fixture
def mine(october: Store, tmp_path: Path) -> Iterator[Store]:
    """A copy of the draft's store to change; the stand-in works without faults again afterwards."""
    yield october.copied(tmp_path / "mine")
    october.up.clear_faults()


@pytest.fixture
def empty(up: Upstream, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings with an empty data folder; the stand-in works without faults again afterwards."""
    yield {**up.environment(), "SHIRUBE_DATA_DIR": str(tmp_path / "var")}
    up.clear_faults()
