"""Prove that requirements.lock is what pyproject.toml asks for, and that every line of it is pinned and hashed.

    python -m scripts.check_lock

That the hashes are the files' own is proved by pip, which refuses any other (`--require-hashes` in scripts/setup.py).
"""

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scripts.part_of_lock import entries

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("dev", "postgres")  # those that `make lock` puts into the file
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def main() -> int:
    """Compare this checkout's files; gives the exit code."""
    found = list(problems(*(read(name) for name in ("pyproject.toml", "requirements.lock", "torch.txt"))))
    for problem in found:
        say(problem)
    if found:
        say("requirements.lock is not what pyproject.toml asks for: run make lock, and commit what it writes")
        return 1
    say("requirements.lock: all that pyproject.toml asks for, pinned and hashed")
    return 0


def problems(project: str, lock: str, torch: str) -> Iterator[str]:
    """Name everything that is wrong with a lock: unpinned, without hash, missing, at another version, left over."""
    yield from unsafe(lock)
    pinned = versions(lock)
    pinned.setdefault("torch", []).extend(versions(torch).get("torch", []))
    wanted = requirements(project)
    for requirement in wanted:
        yield from unmet(requirement, pinned)
    names = {canonicalize_name(requirement.name) for requirement in wanted}
    for name in sorted(direct(lock) - names):
        yield f"{name}: in requirements.lock for pyproject.toml, which does not ask for it"


def unsafe(lock: str) -> Iterator[str]:
    """Name the entries of a lock that pip could fill with more than one file: not pinned by ==, or without a hash."""
    for entry in entries(lock):
        head = entry.partition("\n")[0].rstrip(" \\")
        if pin(head) is None:
            yield f"{head}: not pinned to one version by =="
        if not HASH.search(entry):
            yield f"{head}: has no sha256"


def unmet(requirement: Requirement, pinned: Mapping[str, list[str]]) -> Iterator[str]:
    """Say where one requirement of the project has no version in the lock, or one that it does not allow."""
    there = pinned.get(canonicalize_name(requirement.name), [])
    if not there:
        yield f"{requirement.name}: not in requirements.lock"
    for version in there:
        if not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement.name}: {version} in requirements.lock, {requirement.specifier} in pyproject.toml"


def versions(lock: str) -> dict[str, list[str]]:
    """Read which versions a requirements file pins: one a package, or one for each of several platforms."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in entries(lock):
        if pinned := pin(entry.partition("\n")[0].rstrip(" \\")):
            found[pinned[0]].append(pinned[1])
    return found


def pin(line: str) -> tuple[str, str] | None:
    """Read `name==version` with or without a marker; None where it is anything else."""
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return None
    match list(requirement.specifier):
        case [only] if only.operator == "==" and not only.version.endswith(".*"):
            return canonicalize_name(requirement.name), only.version
    return None


def requirements(project: str) -> list[Requirement]:
    """Read what a pyproject.toml asks for: its dependencies and the extras that are locked with them."""
    asked = tomllib.loads(project)["project"]
    extras = asked.get("optional-dependencies", {})
    lines = [*asked["dependencies"], *(line for extra in EXTRAS for line in extras.get(extra, []))]
    return [Requirement(line) for line in lines]


def direct(lock: str) -> set[str]:
    """List the packages that a lock says pyproject.toml itself asked for."""
    return {
        canonicalize_name(pinned[0])
        for entry in entries(lock)
        if "shirube (pyproject.toml)" in entry and (pinned := pin(entry.partition("\n")[0].rstrip(" \\")))
    }


def read(name: str) -> str:
    """Read a file of this checkout."""
    return (ROOT / name).read_text(encoding="utf-8")


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
