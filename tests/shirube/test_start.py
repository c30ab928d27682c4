"""The command line answers at once: nothing heavy is imported before a command needs it."""

import json
import subprocess
import sys

import pytest

HEAVY = {
    *("alembic", "apscheduler", "fastapi", "httpx2", "jinja2", "msgspec", "numpy", "pydantic", "pydantic_settings"),
    *("rich", "sentence_transformers", "sqlalchemy", "starlette", "structlog", "torch", "uvicorn"),
}
REPORT = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
HELP = """
import sys
from shirube.cli import app
try:
    app(["--help"], prog_name="shirube")
except SystemExit:
    print()
"""


def imported(program: str) -> set[str]:
    """Run a program in an interpreter of its own and tell which packages it had imported by its end."""
    ended = subprocess.run([sys.executable, "-c", f"{program}\n{REPORT}"], capture_output=True, text=True, check=True)
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize("program", ["import shirube.cli", HELP], ids=["import", "help"])
def test_nothing_heavy_is_imported_before_a_command_needs_it(program: str) -> None:
    found = imported(program)
    assert "typer" in found
    assert found & HEAVY == set()


def test_looking_at_the_settings_opens_no_database_and_asks_nobody() -> None:
    found = imported("import shirube.wiring")
    assert "pydantic" in found
    assert found & {"sqlalchemy", "alembic", "httpx2", "numpy", "fastapi"} == set()


def test_the_heavy_packages_are_called_as_they_are_imported() -> None:
    assert HEAVY - {"sentence_transformers", "torch"} <= imported(
        "import api.app, db.migrate, rich, shirube.worker, shirube.logs"
    )
