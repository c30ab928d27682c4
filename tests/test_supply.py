"""Where packages come from: the lock is what the project asks for, pinned and hashed, and the audit is never silent."""

import hashlib
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts import audit, check_lock

ROOT = Path(__file__).resolve().parents[1]
HASH = f"    --hash=sha256:{'0' * 64}"
PROJECT = """[project]
dependencies = ["alpha>=1,<2", "beta==3.*; sys_platform == 'win32'", "torch==2.0.0"]
[project.optional-dependencies]
dev = ["Gamma_Tool"]
cluster = ["elsewhere"]
"""
LOCK = f"""# Made by hand.
alpha==1.4 \\
{HASH}
    # via shirube (pyproject.toml)
beta==3.1 ; sys_platform == 'win32' \\
{HASH} \\
{HASH}
    # via
    #   shirube (pyproject.toml)
    #   alpha
below==9.0 \\
{HASH}
    # via alpha
gamma-tool==0.1 \\
{HASH}
    # via shirube (pyproject.toml)
"""
TORCH = "torch==2.0.0\n"


def test_the_lock_of_this_checkout_is_what_the_project_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_lock.main() == 0, capsys.readouterr().err
    pins = check_lock.versions((ROOT / "requirements.lock").read_text("utf-8"))
    assert len(pins) > 100
    assert {"sqlalchemy", "pytest", "psycopg"} <= set(pins)


def test_a_lock_that_fits_has_no_problem() -> None:
    assert list(check_lock.problems(PROJECT, LOCK, TORCH)) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("alpha==1.4", "alpha==2.0", "alpha: 2.0 in requirements.lock, <2,>=1 in pyproject.toml"),
        ("alpha==1.4", "alpha>=1.4", "alpha>=1.4: not pinned"),
        ("alpha==1.4", "alpha==1.*", "alpha==1.*: not pinned"),
        ("below==9.0", "below", "below: not pinned"),
        ("below==9.0", "below @ https://example.org/below.whl", "not pinned"),
        ("below==9.0", "-e .", "-e .: not pinned"),
        (f"below==9.0 \\\n{HASH}", "below==9.0", "below==9.0: has no sha256"),
        (HASH, "    --hash=md5:00", "has no sha256"),
        ("gamma-tool==0.1", "delta==0.1", "Gamma_Tool: not in requirements.lock"),
        ("gamma-tool==0.1", "delta==0.1", "delta: in requirements.lock for pyproject.toml, which does not ask for it"),
    ],
)
def test_a_lock_that_is_old_unpinned_or_unhashed_is_refused(old: str, new: str, words: str) -> None:
    assert old in LOCK
    found = list(check_lock.problems(PROJECT, LOCK.replace(old, new), TORCH))
    assert any(words in problem for problem in found), found


def test_torch_is_held_against_its_own_file() -> None:
    [problem] = check_lock.problems(PROJECT, LOCK, "torch==1.9.0\n")
    assert problem == "torch: 1.9.0 in requirements.lock, ==2.0.0 in pyproject.toml"


def test_an_old_lock_ends_the_check_with_one_and_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("pyproject.toml", PROJECT), ("requirements.lock", "alpha==1.4\n"), ("torch.txt", TORCH)):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr(check_lock, "ROOT", tmp_path)
    assert check_lock.main() == 1
    assert "run make lock" in capsys.readouterr().err


def test_make_check_and_set_up_hold_the_lock() -> None:
    assert "python -m scripts.check_lock" in (ROOT / "Makefile").read_text("utf-8")
    assert '"--require-hashes", "-r", "requirements.lock"' in (ROOT / "scripts" / "setup.py").read_text("utf-8")


@pytest.mark.parametrize("altered", [False, True])
def test_a_package_whose_hash_is_another_is_not_installed(tmp_path: Path, altered: bool) -> None:
    wheel = tmp_path / "below-9.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("below.py", "")
        archive.writestr("below-9.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: below\nVersion: 9.0\n")
        archive.writestr("below-9.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("below-9.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes() + b"!" * altered).hexdigest()
    (tmp_path / "lock").write_text(f"below==9.0 --hash=sha256:{digest}\n", "utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "--no-index"]
    ended = subprocess.run(
        [*pip, "--find-links", str(tmp_path), "--target", str(tmp_path / "out"), "-r", str(tmp_path / "lock")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode == 0) is not altered, ended.stderr
    assert ("DO NOT MATCH" in ended.stderr) is altered
    assert (tmp_path / "out" / "below.py").exists() is not altered


# The audit


@contextmanager
def database(status: int, answer: Callable[[int], object]) -> Iterator[str]:
    """A stand-in for the vulnerability database: `answer` gets how many packages were asked about."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            assert all(query["package"]["ecosystem"] == "PyPI" and query["version"] for query in asked)
            body = json.dumps(answer(len(asked))).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/querybatch"
        server.shutdown()


def test_without_a_network_the_audit_says_loudly_that_it_was_skipped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert audit.main("http://127.0.0.1:9/") == 0
    assert capsys.readouterr().out.startswith("*** dependency audit SKIPPED: no network")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert audit.main("http://127.0.0.1:9/") == 0
    assert capsys.readouterr().out.startswith("::warning::dependency audit SKIPPED: no network")


def test_nothing_known_is_well_and_says_how_many_were_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    with database(200, lambda asked: {"results": [{}] * asked}) as address:
        assert audit.main(address) == 0
    assert ", 0 with known vulnerabilities" in capsys.readouterr().out


def test_a_known_vulnerability_ends_with_one_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    one = {"vulns": [{"id": "PYSEC-0000-1", "modified": "2026-01-01T00:00:00Z"}]}
    with database(200, lambda asked: {"results": [one] + [{}] * (asked - 1)}) as address:
        assert audit.main(address) == 1
    name, version = audit.locked("requirements.lock")[0]
    assert f"{name} {version}: PYSEC-0000-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "answer"), [(500, {}), (200, []), (200, {"results": []}), (200, {"results": None}), (200, "well")]
)
def test_an_answer_that_is_none_is_a_failure_and_never_all_well(
    status: int, answer: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with database(status, lambda asked: answer) as address:
        assert audit.main(address) == 1
    assert "dependency audit FAILED" in capsys.readouterr().out
