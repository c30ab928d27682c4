"""What the program's requirements bring along, and what its code imports."""

import ast
from collections.abc import Collection, Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def closure(lines: Iterable[str], without: Collection[str] = ()) -> set[str]:
    """Name all that a list of requirements installs here, with what each of them requires; those left out bring none.

    Raises PackageNotFoundError where something of it is not installed.
    """
    todo, seen = [Requirement(line) for line in lines], set()
    while todo:
        one = todo.pop()
        name = canonicalize_name(one.name)
        if name in without or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        for extra in ("", *one.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                below = map(Requirement, distribution(name).requires or ())
                todo += [r for r in below if not r.marker or r.marker.evaluate({"extra": extra})]
    return {name for name, _ in seen}


def imports(folder: Path) -> Iterator[tuple[Path, str]]:
    """List what the modules below a folder import, wherever in them: (file, topmost package)."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for name in _imported(node):
                yield file, name.partition(".")[0]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module] if node.module and not node.level else []
    called = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module")
    given = node.args[0] if called and isinstance(node, ast.Call) else None
    return [given.value] if isinstance(given, ast.Constant) and isinstance(given.value, str) else []
