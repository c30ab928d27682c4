"""The words around the code say what the code does: settings, commands, links, tables and examples are compared.

`python -m tests.test_docs` writes the generated parts of the pages anew.
"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from starlette.routing import Match

from api.app import AppOptions, create_app
from core.clock import Clock
from db.engine import Sessions
from digest.formats import formats
from ingest.source import SourceResult
from ranking import topics
from roadmap.model import Roadmap
from shirube import jobs
from shirube.cli import app
from shirube.setting_faults import PREFIX
from shirube.settings import Settings
from shirube.steps import LOOK_BACK
from tests.generated import GENERATED

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PARTS = ("## Context", "## Decision", "## Consequences", "## Alternatives")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PLACEHOLDERS = {"EMAIL": "reader@example.org", "i/n": "1/4"}


def name_of(page: Path) -> str:
    """Name a page in a test's id."""
    return str(page.relative_to(ROOT))


# Settings


def setting_rows() -> dict[str, tuple[str, str]]:
    """Read the tables of settings.md: setting -> (default, meaning)."""
    rows = re.findall(r"^\| `SHIRUBE_(\w+)` \| (.+?) \| (.+) \|$", (DOCS / "settings.md").read_text("utf-8"), re.M)
    return {name.lower(): (default, meaning) for name, default, meaning in rows}


def test_every_setting_is_listed_and_none_that_is_not() -> None:
    assert set(setting_rows()) == set(Settings.model_fields)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_default_of_a_setting_is_the_one_listed(name: str) -> None:
    default = Settings.model_fields[name].get_default(call_default_factory=True, validated_data={})
    words = " ".join(default) if isinstance(default, tuple) else str(default)
    expected = "none" if default is None else f"`{words}`" if default or default == 0 else "empty"
    assert setting_rows()[name][0] == expected


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_called_reserved_is_read_nowhere_and_every_other_one_is(name: str) -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "shirube").rglob("*.py"))
    read = re.search(rf"\b(?:settings|self)\.{name}\b", code) is not None
    assert read == ("nothing reads it yet" not in setting_rows()[name][1])


def test_secrets_are_called_secret() -> None:
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert {name for name, (_, meaning) in setting_rows().items() if meaning.startswith("Secret.")} == secret


def test_every_setting_named_anywhere_exists() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {"SHIRUBE_TEST_POSTGRES_URL"}
    named = {word for page in PAGES for word in re.findall(r"\bSHIRUBE_[A-Z_]*[A-Z]\b", page.read_text("utf-8"))}
    assert {word.removesuffix("_FILE") for word in named} <= known


# Commands


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """List every command of the program by the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path), command
        return
    for name, one in inner.items():
        yield from leaves(one, (*path, name))


COMMANDS: dict[str, Any] = dict(leaves(typer.main.get_command(app)))


@cache
def sections() -> dict[str, str]:
    """Read commands.md: the words that call a command -> its section."""
    parts = re.split(r"^## shirube (.+)$", (DOCS / "commands.md").read_text("utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_its_section_and_no_section_is_left_over() -> None:
    assert list(sections()) == list(dict.fromkeys(sections())), "a command is described twice"
    assert set(sections()) == set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_the_options_of_a_command_are_those_of_its_table(words: str) -> None:
    table = "\n".join(line for line in sections()[words].splitlines() if line.startswith("|"))
    options = {p.opts[0] for p in COMMANDS[words].params if p.param_type_name == "option"}
    assert set(re.findall(r"--[a-z][a-z-]*", table)) == options - {"--help"}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_an_example(words: str) -> None:
    assert any(leaf == words for leaf, _ in examples(sections()[words]))


def test_every_value_of_a_pull_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", sections()["pull"]))
    assert {"since", "until", "interrupted", *SourceResult.__dataclass_fields__} <= named


def examples(text: str) -> list[tuple[str, list[str]]]:
    """List the calls of the program in a text's shell blocks: (command, its arguments)."""
    lines = [line for block in SHELL.findall(text) for line in block.splitlines()]
    calls = [shlex.split(line.split("|")[-1], comments=True) for line in lines]
    found = []
    for call in calls:
        if call and Path(call[0]).name == "shirube":
            words = call[1:]
            length = 2 if " ".join(words[:2]) in COMMANDS else 1
            found.append((" ".join(words[:length]), words[length:]))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_call_printed_is_one_the_program_understands(page: Path) -> None:
    left_over = [
        COMMANDS[words].make_context(words, list(arguments)).args  # raises on an unknown option or a wrong value
        for words, arguments in examples(page.read_text("utf-8"))
    ]
    assert not any(left_over)


def test_a_call_the_program_does_not_understand_is_found() -> None:
    [(words, arguments)] = examples("```sh\nshirube digest --stages 5\n```")
    with pytest.raises(Exception, match="--stages"):
        COMMANDS[words].make_context(words, arguments)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_named_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z0-9]+):", makefile, re.M))
    text = page.read_text("utf-8")
    named = re.findall(r"`make ([a-z0-9]+)", text)
    named += re.findall(r"^make ([a-z0-9]+)", "\n".join(SHELL.findall(text)), re.M)
    assert set(named) <= targets


def test_how_far_a_pull_goes_back_is_what_the_pages_say() -> None:
    said = {page.name: re.findall(r"back over (\d+)\s+days", page.read_text("utf-8")) for page in PAGES}
    assert {name for name, found in said.items() if found} >= {"sources.md", "operate.md", "CHANGELOG.md"}
    assert {days for found in said.values() for days in found} == {str(LOOK_BACK.days)}


# Ranking


def test_the_signals_of_a_fit_are_those_listed() -> None:
    section = re.split(r"^## ", (DOCS / "ranking.md").read_text("utf-8"), flags=re.M)[2]
    listed = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.M)
    assert tuple(re.findall(r"`(\w+)`", " ".join(listed))) == topics.SIGNALS


# Addresses


def test_every_address_asked_in_api_md_is_answered_by_a_route(
    sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock
) -> None:
    web = create_app(sqlite_sessions, roadmap, clock, AppOptions())
    asked = re.findall(r"http://127\.0\.0\.1:8000(/[^\s'?`]+)", (DOCS / "api.md").read_text("utf-8"))
    assert len(asked) >= 10
    for path in asked:
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "root_path": ""}
        assert any(route.matches(scope)[0] is not Match.NONE for route in web.routes), path


def test_every_route_of_the_api_is_in_api_md(sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock) -> None:
    text = (DOCS / "api.md").read_text("utf-8")
    document = create_app(sqlite_sessions, roadmap, clock, AppOptions()).openapi()
    forms = {f"/digests/{{month}}.{form.SUFFIX}": "/digests/{month}.{suffix}" for form in formats().values()}
    paths = {forms.get(path, path) for path in document["paths"]}
    paths = {path.replace("{month}", "{YYYY-MM}").replace("{item_id}", "{id}") for path in paths}
    assert {path for path in paths if not any(f"`{path}{end}" in text for end in "`?[")} == set()


# Links


def links(page: Path) -> list[Path]:
    """List the files a page links to, screenshots aside."""
    targets = LINK.findall(page.read_text("utf-8"))
    return [page.parent / target for target in targets if "://" not in target and "screenshots/" not in target]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert [str(target) for target in links(page) if not target.exists()] == []


@pytest.mark.parametrize("name", ["digest.png", "digest-dark-ja.png"])
def test_the_readme_shows_a_screenshot_that_is_there(name: str) -> None:
    assert re.search(rf"!\[[^\]]{{20,}}\]\(docs/screenshots/{name}\)", (ROOT / "README.md").read_text("utf-8"))
    assert (DOCS / "screenshots" / name).is_file(), "the README shows a picture that is not there"


def test_every_page_is_linked_from_the_contents() -> None:
    pages = {path.resolve() for path in DOCS.glob("*.md")} - {DOCS / "README.md"}
    assert pages <= {target.resolve() for target in links(DOCS / "README.md")}


def test_every_decision_is_in_the_index() -> None:
    assert {t.resolve() for t in links(DOCS / "decisions" / "README.md")} >= set(DECISIONS)
    assert [page.name[:4] for page in DECISIONS] == [f"{n:04d}" for n in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_its_four_parts_and_half_a_page(page: Path) -> None:
    text = page.read_text("utf-8")
    assert tuple(line for line in text.splitlines() if line.startswith("## ")) == PARTS
    assert len(text.split()) <= 350


def test_the_readme_stays_under_two_screens() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 90
    assert max(len(line) for line in lines if not line.startswith("![")) <= 120


# Generated parts


def test_the_metrics_of_every_rule_are_told_with_labels_they_have() -> None:
    page = (DOCS / "operate.md").read_text("utf-8")
    listed = {
        name: set(re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(r"^\| `(shirube_\w+)` \| (.*?) \|", page, re.M)
    }
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    rules = [rule for block in blocks for group in block.get("groups", ()) for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 8
    for rule in rules:
        named = re.findall(r"\b(shirube_\w+?)(?:_bucket)?\b(?:\{(.*?)\})?", rule["expr"])
        assert named, rule
        for name, labels in named:
            assert name in listed, rule
            assert set(re.findall(r"(\w+)[=!]", labels)) <= listed[name], rule
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert used <= set().union(*(listed[name] for name, _ in named)), rule


def test_the_jobs_an_alert_names_are_of_the_schedule() -> None:
    (names,) = re.findall(r'last_success_timestamp_seconds\{job=~"(.*?)"', (DOCS / "operate.md").read_text("utf-8"))
    known = [job.name for job in jobs.schedule()]
    assert all(any(re.fullmatch(name, job) for job in known) for name in names.split("|"))


def renewed(text: str) -> str:
    """Give a page with its generated parts as they should be."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{GENERATED[found[2]]()}\n{found[4]}", text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert renewed(text) == text, "run: python -m tests.test_docs"


def test_every_generated_part_stands_somewhere() -> None:
    names = [found[1] for page in PAGES for found in BLOCK.findall(page.read_text("utf-8"))]
    assert sorted(names) == sorted(GENERATED)


if __name__ == "__main__":
    for one in PAGES:
        one.write_text(renewed(one.read_text("utf-8")), encoding="utf-8")
