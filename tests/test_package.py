"""The wheel: all that the program needs is in it, and installed into an empty folder it works without the checkout.

The longer part is marked `package` and run by `make package`.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from httpx2 import Client, TransportError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.dependencies import closure, imports
from tests.upstream import Upstream

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
# The only modules that may import what an extra brings; all others work without.
WITH_EXTRAS = {"ranking/bulk.py", "ranking/embedder/graphs.py", "ranking/embedder/quantised.py", "shirube/queue.py"}
PATIENCE = 60  # seconds a server may take to answer for the first time on a busy machine
TERMINAL = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", "COLUMNS": "120"}


@dataclass(frozen=True)
class Installed:
    """A program installed from the wheel, and the empty folder that it is started in."""

    bin: Path
    folder: Path
    env: dict[str, str]

    def command(self, *words: str) -> list[str]:
        """Give the words that start the installed program."""
        return [str(self.bin / "shirube"), *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the empty folder."""
        return subprocess.run(
            self.command(*words), cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)], cwd=ROOT, check=True)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; the dependencies are those of this one, to spare their installation.

    A line in a .pth file puts a folder on the path without reading the .pth files in it, so that the checkout, which
    this environment has as an editable installation, is not found there.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    site = sysconfig.get_path("purelib", "venv", {"base": str(home)})
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return python.parent


@pytest.fixture
def installed(bin_folder: Path, tmp_path: Path) -> Installed:
    """The installed program in an empty folder, with no settings at all."""
    return Installed(bin_folder, tmp_path, dict(TERMINAL))


def test_the_wheel_holds_every_file_of_its_packages_and_nothing_else(wheel: Path) -> None:
    files = {path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()}
    here = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == here


@pytest.mark.parametrize(
    "pattern",
    [
        r"api/templates/base\.html",
        r"api/static/.+\.css",
        r"digest/static/style\.css",
        r"digest/templates/mail\.css",
        r"db/migrations/versions/.+\.py",
        r"ingest/sources/recorded/.+\.xz",
        r"ingest/sources/recorded/.+\.npy",
        r"locales/ja/LC_MESSAGES/.+\.po",
        r"ranking/weights/blend\.npz",
        r"roadmap/topics/rag\.toml",
    ],
)
def test_the_wheel_holds_each_kind_of_data(wheel: Path, pattern: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert any(re.fullmatch(pattern, name) for name in archive.namelist())


def test_the_wheel_carries_its_licence_and_the_notice(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        licences = {Path(name).name for name in archive.namelist() if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_every_import_is_of_what_is_installed_with_the_program() -> None:
    """The wheel is tried beside this environment's packages, those of development included: so they are held here."""
    brought, named = closure(PROJECT["project"]["dependencies"]), packages_distributions()
    optional = {name: lines for name, lines in PROJECT["project"]["optional-dependencies"].items() if name != "dev"}
    extras = {canonicalize_name(Requirement(line).name) for lines in optional.values() for line in lines}
    met: set[str] = set()
    for package in PACKAGES:
        for file, name in imports(ROOT / package):
            if name in sys.stdlib_module_names or name in PACKAGES:
                continue
            owners = {canonicalize_name(owner) for owner in named.get(name, [name])}
            allowed = brought | extras if str(file.relative_to(ROOT)) in WITH_EXTRAS else brought
            assert owners & allowed, f"{file} imports {name}, which no requirement of the program brings"
            met |= owners
    assert met >= {"sqlalchemy", "torch", "procrastinate"}


def test_installed_in_an_empty_folder_it_tells_its_version_and_is_not_the_checkout(installed: Installed) -> None:
    ended = installed.run("--version")
    assert (ended.returncode, ended.stdout) == (0, f"shirube {PROJECT['project']['version']}\n"), ended.stderr
    where = "import api, locales, roadmap, shirube; print(*(m.__file__ for m in (api, locales, roadmap, shirube)))"
    command = [str(installed.bin / "python"), "-c", where]
    told = subprocess.run(command, cwd=installed.folder, capture_output=True, text=True, check=True)
    assert all(Path(file).is_relative_to(installed.bin.parent) for file in told.stdout.split())
    assert list(installed.folder.iterdir()) == []


@pytest.mark.package
def test_installed_in_an_empty_folder_it_makes_the_recorded_month_without_a_network(installed: Installed) -> None:
    made = installed.run("digest", "2026-06", "--offline")
    assert made.returncode == 0, made.stderr
    page = Path(made.stdout.strip())
    assert page == installed.folder.resolve() / "var" / "digests" / "2026-06.html"
    text = page.read_text("utf-8")
    assert all(f'id="stage-{number}"' in text for number in range(1, 9))


@pytest.mark.package
def test_installed_in_an_empty_folder_doctor_finds_all_well(installed: Installed) -> None:
    with Upstream() as up:
        installed.env.update(up.environment())
        ended = installed.run("doctor")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "NOT WELL" not in ended.stdout


@pytest.mark.package
def test_installed_in_an_empty_folder_it_serves_pages_styles_and_probes(installed: Installed) -> None:
    with serving(installed) as client:
        page = client.get("/")
        assert page.status_code == 200
        styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)
        assert styles
        paths = [*styles, "/healthz", "/readyz", "/about?lang=ja"]
        assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


@contextmanager
def serving(installed: Installed) -> Iterator[Client]:
    """Run `shirube serve` on a free port until the test is through; then it must end well when it is told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = installed.command("serve", "--port", str(port))
    with subprocess.Popen(command, cwd=installed.folder, env=installed.env, stderr=subprocess.PIPE) as process:
        try:
            with Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
                wait_for(client, process)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def wait_for(client: Client, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers; a server that ended, or never answers, fails the test."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            client.get("/healthz")
        except TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the server does not answer (exit code {process.poll()})")
