"""Every command explains itself; wrong usage ends with 2 and advice; results alone go to stdout."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main

from shirube.cli import app
from tests.ingest.doubles import free_port
from tests.shirube.command import run


def commands() -> list[tuple[str, ...]]:
    """Walk the tree of commands."""

    def walk(command: object, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        inner: dict[str, object] = getattr(command, "commands", {})
        return [path, *(found for name, one in inner.items() for found in walk(one, (*path, name)))]

    return walk(typer.main.get_command(app), ())


def command_at(path: tuple[str, ...]) -> object:
    command: object = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]
    return command


PROMISED = {
    ("digest",), ("pull",), ("import",), ("rank",), ("papers",), ("send",), ("serve",), ("work",), ("status",),
    ("doctor",), ("subscribers", "add"), ("config", "show"), ("db", "upgrade"),
}  # fmt: skip


def test_the_promised_commands_are_there() -> None:
    assert set(commands()) >= PROMISED


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    ended = run(*path, "--help")
    assert ended.code == 0
    assert ended.err == ""
    assert "Usage: shirube" in ended.out
    epilog = getattr(command_at(path), "epilog", None)
    if epilog:
        assert "shirube" in epilog
        assert "".join(epilog.split()) in "".join(ended.out.split())
    assert run(*path, "-h").out == ended.out


@pytest.mark.parametrize("name", ["digest", "pull", "rank", "papers", "send", "import"])
def test_what_people_use_shows_an_example(name: str) -> None:
    assert f"shirube {name}" in run(name, "--help").out.partition("Example")[2]


def test_the_version_is_printed_without_reading_settings() -> None:
    ended = run("--version", env={"SHIRUBE_CLOSING_DAY": "31"})
    assert (ended.code, ended.out) == (0, f"shirube {version('shirube')}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("digest", "2026-13"),
        ("digest", "June"),
        ("digest", "2027-01"),
        ("digest", "--stage", "9"),
        ("digest", "--stage", "0"),
        ("digest", "--minutes", "0"),
        ("digest", "--lang", "xx"),
        ("digest", "--format", "docx", "--offline"),
        ("pull", "--source", "gopher"),
        ("pull", "--since", "2026-10-09", "--until", "2026-10-01"),
        ("pull", "--since", "yesterday"),
        ("pull", "--since", "1980-01-01"),
        ("pull", "--until", "1991-07-31"),
        ("rank", "--shard", "3/2"),
        ("rank", "--shard", "0/2"),
        ("rank", "--shard", "half"),
        ("papers", "--topic", "none"),
        ("papers", "--lab", "none"),
        ("papers", "--stage", "9"),
        ("papers", "--min-fit", "2"),
        ("papers", "--limit", "0"),
        ("papers", "--since", "2026-11-01", "--until", "2026-10-01"),
        ("search", "heron", "--since", "2026-11-01", "--until", "2026-10-01"),
        ("similar", "2610.00001", "--since", "2026-11-01", "--until", "2026-10-01"),
        ("jobs", "nope"),
        ("jobs", "run"),
        ("jobs", "run", "nope"),
        ("papers", "--format", "docx"),
        ("papers", "--sort", "colour"),
        ("import", "floppy", "file"),
        ("import", "arxiv-snapshot", "nowhere.json"),
        ("send", "last"),
        ("subscribers", "add", "a@example.org"),
        ("serve", "--port", "0"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_two_and_says_why(empty: dict[str, str], words: tuple[str, ...]) -> None:
    ended = run(*words, env=empty)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.strip()
    assert "Traceback" not in ended.err


def test_advice_ends_with_one_stop(empty: dict[str, str], tmp_path: Path) -> None:
    ended = run("status", env={**empty, "SHIRUBE_ROADMAP_DIR": str(tmp_path / "nowhere")})
    assert ended.code == 1
    assert ended.err.endswith("Correct the files named, then start again.\n")


def test_what_an_unreachable_source_advises_is_a_command_that_there_is(empty: dict[str, str]) -> None:
    place = f"127.0.0.1:{free_port()}"
    away = {"SHIRUBE_HF_URL": f"http://{place}", "SHIRUBE_ALLOW_PRIVATE_HOSTS": f'["{place}"]'}
    ended = run("pull", "--source", "hf", "--since", "2026-10-30", "--until", "2026-10-30", env={**empty, **away})
    assert ended.code == 3
    assert "stored papers can be read with shirube digest --offline" in " ".join(ended.out.split())


def test_a_job_to_be_run_must_be_named(empty: dict[str, str]) -> None:
    assert run("jobs", "run", env=empty).err.startswith("shirube: run needs the name of a job\n")


def test_the_stages_of_a_person_are_not_explained_as_those_of_a_digest() -> None:
    assert "A stage the person studies" in " ".join(run("subscribers", "add", "--help").out.split())
    assert "Only this stage" in " ".join(run("digest", "--help").out.split())


def test_a_wrong_setting_ends_with_one_and_two_lines_of_advice(empty: dict[str, str]) -> None:
    ended = run("status", env={**empty, "SHIRUBE_CLOSING_DYA": "3"})
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[0] == "shirube: Unknown setting SHIRUBE_CLOSING_DYA"
    assert "docs/settings.md" in ended.err


def test_without_a_command_the_help_is_shown() -> None:
    ended = run()
    assert ended.code == 2
    assert "Usage: shirube" in ended.out + ended.err


def test_settings_are_shown_with_their_values_and_masks(empty: dict[str, str]) -> None:
    ended = run("config", "show", env={**empty, "SHIRUBE_SECRET_KEY": "hush", "SHIRUBE_CATEGORIES": "cs.CL, cs.LG"})
    assert ended.code == 0
    assert "SHIRUBE_CATEGORIES=cs.CL cs.LG" in ended.lines
    assert "SHIRUBE_SECRET_KEY=******" in ended.lines
    assert "hush" not in ended.out + ended.err


def test_the_module_is_the_command() -> None:
    ended = subprocess.run([sys.executable, "-m", "shirube", "--version"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"shirube {version('shirube')}\n", "")


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    words = [sys.executable, "-m", "shirube", "config", "show"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert (started.wait(60), started.stderr.read()) == (0, "")
