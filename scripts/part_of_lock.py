"""Print the part of requirements.lock that a running service needs: `python scripts/part_of_lock.py`.

The lock file says below each package what asked for it; from the dependencies, the extra `postgres` and the build tool
of pyproject.toml all others are found. Standard library only, since a container runs it before anything is installed.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("postgres",)
ENTRY = re.compile(r"^(?![#\s]).+(?:\n[ \t]+.*)*", re.MULTILINE)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def entries(lock: str) -> list[str]:
    """Split a requirements file into its entries, each with the lines that go on with it."""
    return ENTRY.findall(lock)


def part(project: str, lock: str) -> list[str]:
    """List the entries of a lock that the project's dependencies need, those of its development alone left out."""
    wanted, everything = roots(project), entries(lock)
    size = 0
    while len(wanted) > size:
        size = len(wanted)
        wanted |= {plain(entry) for entry in everything if askers(entry) & wanted}
    return [entry for entry in everything if plain(entry) in wanted]


def roots(project: str) -> set[str]:
    """Name what pyproject.toml itself asks for at run time and to be built."""
    asked = tomllib.loads(project)
    optional = asked["project"].get("optional-dependencies", {})
    lines = [*asked["project"]["dependencies"], *asked["build-system"]["requires"]]
    return {plain(line) for line in [*lines, *(line for extra in EXTRAS for line in optional.get(extra, ()))]}


def askers(entry: str) -> set[str]:
    """Read below an entry which packages asked for it."""
    return {
        plain(line) for line in re.findall(r"^[ \t]+#[ \t]+(?:via[ \t]+)?(\S.*)$", entry, re.MULTILINE) if line != "via"
    }


def plain(line: str) -> str:
    """Give the name that a requirement begins with, as packages are compared (PEP 503)."""
    found = NAME.match(line)
    if found is None:
        raise ValueError(f"{line!r} names no package")
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def main() -> int:
    """Print the part of this checkout's lock."""
    project, lock = ((ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "requirements.lock"))
    write(part(project, lock))
    return 0


def write(found: Iterable[str]) -> None:
    """Write entries to standard output."""
    sys.stdout.writelines(f"{entry}\n" for entry in found)


if __name__ == "__main__":
    sys.exit(main())
