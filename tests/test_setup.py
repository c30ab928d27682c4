"""Setting up on a machine that lacks something: it says what, and a second call goes on where the first broke off."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import setup

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that has the files set-up depends on, and no environment yet."""
    for name in setup.INPUTS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    venv = tmp_path / ".venv"
    places = {"ROOT": tmp_path, "VENV": venv, "READY": venv / ".shirube-ready", "PYTHON": venv / "bin" / "python"}
    for name, place in places.items():
        monkeypatch.setattr(setup, name, place)
    return tmp_path


def test_a_python_without_ensurepip_is_told_how_to_get_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert setup.main() == 1
    assert "apt-get install python3-venv" in capsys.readouterr().err
    assert not (folder / ".venv").exists()


@pytest.mark.parametrize("version", [(3, 10, 4), (3, 15, 0)])
def test_a_python_too_old_or_too_new_is_refused(
    folder: Path, version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert setup.main() == 1
    assert "3.11 to 3.14 is needed" in capsys.readouterr().err


def test_an_environment_that_broke_off_before_pip_is_made_anew(folder: Path) -> None:
    setup.PYTHON.parent.mkdir(parents=True)
    setup.PYTHON.symlink_to("/bin/false")
    setup.make_venv()
    subprocess.run([setup.PYTHON, "-m", "pip", "--version"], check=True, capture_output=True)
    before = setup.PYTHON.lstat().st_mtime_ns
    setup.make_venv()
    assert setup.PYTHON.lstat().st_mtime_ns == before, "what is well is not made again"


def raising(problem: Exception) -> Callable[[], None]:
    """Give a step that fails."""

    def make_venv() -> None:
        """Make the virtual environment."""
        raise problem

    return make_venv


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (subprocess.CalledProcessError(7, "pip"), "exit code 7"),
        (PermissionError(13, "Permission denied", "/srv/shirube/.venv"), "must be yours to write"),
    ],
)
def test_a_step_that_fails_ends_in_advice_and_is_not_taken_for_done(
    folder: Path, problem: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "make_venv", raising(problem))
    assert setup.main() == 1
    assert words in capsys.readouterr().err
    assert not setup.READY.exists()


def test_what_is_ready_is_not_done_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup.VENV.mkdir()
    setup.READY.write_text(setup.fingerprint())
    monkeypatch.setattr(setup, "make_venv", raising(AssertionError("not due")))
    assert setup.main() == 0
    (folder / "requirements.lock").write_text("changed")
    with pytest.raises(AssertionError, match="not due"):
        setup.main()


def test_an_index_that_does_not_answer_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH", "cpu")
    monkeypatch.setenv("TORCH_INDEX", "http://127.0.0.1:9/whl")
    assert setup.torch_index() == []
