"""Set the project up in .venv: torch's CPU build first, then the locked dependencies, model check, database.

Standard library only, so that it runs on a fresh machine. What is done already is not done again.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
READY = VENV / ".shirube-ready"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
INPUTS = ("torch.txt", "requirements.lock", "pyproject.toml", "scripts/setup.py")
OLDEST, BEYOND = (3, 11), (3, 15)
ANSWER_WITHIN = 5  # seconds


def main() -> int:
    """Run every step that is due; gives the exit code."""
    if not OLDEST <= sys.version_info[:2] < BEYOND:
        say(f"Python {sys.version.split()[0]} will not do: 3.11 to 3.14 is needed. Try make PYTHON=python3.12 setup")
        return 1
    mark = fingerprint()
    if READY.is_file() and READY.read_text() == mark:
        return 0
    if importlib.util.find_spec("ensurepip") is None:
        say("This Python cannot make a virtual environment: its module ensurepip is missing.")
        say(f"On Debian and Ubuntu: apt-get install python3-venv (or python3.{sys.version_info[1]}-venv). Then again.")
        return 1
    say("Setting up in .venv: about 250 MB to download with torch's CPU build, 2 GB on disk, some minutes, once.")
    try:
        for step in (make_venv, install_torch, install_rest, install_project, check_model, make_database):
            timed(step)
    except subprocess.CalledProcessError as problem:
        say(f"This step failed (exit code {problem.returncode}); its own words stand above. Run it again to go on.")
        return 1
    except OSError as problem:
        say(f"This step failed: {problem}. The folder {ROOT} must be yours to write, with 2 GB free.")
        return 1
    READY.write_text(mark)
    say("Ready.")
    return 0


def make_venv() -> None:
    """Make the virtual environment, anew where an earlier attempt broke off before pip was in it."""
    if not PYTHON.exists() or subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode:  # noqa: S603
        venv.create(VENV, with_pip=True, clear=True)


def install_torch() -> None:
    """Install torch by itself: no hashes, since each index has its own build of one version."""
    pip("install", "-r", "torch.txt", *torch_index())


def torch_index() -> list[str]:
    """Choose where torch comes from: PyTorch's CPU index where it answers, else the configured package index."""
    index = os.environ.get("TORCH_INDEX", "")
    if os.environ.get("TORCH") == "cuda" or not index:
        say("torch: the configured package index's default build (about 3 GB on Linux x86-64).")
        return []
    if answers(index):
        say(f"torch: CPU build from {index} (about 200 MB).")
        return ["--index-url", index]
    say(f"torch: {index} does not answer, so the configured package index is used; its build may be larger.")
    return []


def answers(url: str) -> bool:
    """Tell whether an address answers within seconds."""
    try:
        with urllib.request.urlopen(f"{url}/torch/", timeout=ANSWER_WITHIN) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def install_rest() -> None:
    """Install everything else, exactly as locked."""
    pip("install", "--no-deps", "--require-hashes", "-r", "requirements.lock")


def install_project() -> None:
    """Install this checkout itself, in place, and prove that nothing contradicts anything."""
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")
    pip("check")


def check_model() -> None:
    """Prove that the embedding model's weights are the published ones."""
    run(str(PYTHON), "-c", "from ranking.embedder import PACKAGED, model_folder; model_folder(PACKAGED)")


def make_database() -> None:
    """Make the database in the data folder, or bring it up to date."""
    run(str(PYTHON), "-m", "shirube", "db", "upgrade")


def pip(*arguments: str) -> None:
    """Run pip inside the environment."""
    run(
        str(PYTHON), "-m", "pip", *arguments, "--disable-pip-version-check" if arguments[0] != "check" else "--no-color"
    )


def run(*command: str) -> None:
    """Run a command in the project's folder; raises CalledProcessError when it fails."""
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603


def timed(step: object) -> None:
    """Run one step, saying what it is and how long it took."""
    if callable(step):
        say(f"- {(step.__doc__ or '').split(':')[0].rstrip('.')} …")
        start = time.monotonic()
        step()
        say(f"  {time.monotonic() - start:.0f} s")


def fingerprint() -> str:
    """Name the state of everything that set-up depends on."""
    digest = hashlib.sha256(sys.version.encode())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
