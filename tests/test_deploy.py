"""Files that run the program elsewhere name only what there is: commands, settings, paths, routes and make targets.

Docker, nginx, Caddy and GitHub's runners are not asked: what can be held against the program and the rules is.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from sqlalchemy import make_url
from sqlalchemy.exc import ProgrammingError

from db.engine import make_engine
from db.migrate import upgrade
from scripts.part_of_lock import part, plain
from shirube.setting_faults import PREFIX
from shirube.settings import Settings
from tests.dependencies import closure
from tests.test_docs import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
BY_HAND = ROOT / "deploy" / "systemd" / "shirube"
PROXIES = [ROOT / "deploy" / name for name in ("nginx.conf", "Caddyfile")]
FILES = [ROOT / name for name in ("Dockerfile", "compose.yaml", "deploy/postgres/role.sql")] + [
    *WORKFLOWS,
    *UNITS,
    BY_HAND,
    *PROXIES,
]
MOST_EXPOSED = 2.0  # of 10, by systemd-analyze security


def name_of(file: Path) -> str:
    """Name a file in a test's id."""
    return file.name


def understood(words: list[str]) -> None:
    """Let the program read a call; raises where it knows no such command or option."""
    length = 2 if " ".join(words[:2]) in COMMANDS else 1
    command = " ".join(words[:length])
    assert COMMANDS[command].make_context(command, words[length:]).args == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_setting_named_exists(file: Path) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bSHIRUBE_[A-Z_]*[A-Z]\b", file.read_text("utf-8"))) - {"SHIRUBE_NAME"}
    assert {name.removesuffix("_FILE") for name in named} <= known


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_file_of_the_checkout_named_is_there(file: Path) -> None:
    named = re.findall(r"(?<![\w./-])(?:docs|deploy|scripts)/[\w./-]*\w", file.read_text("utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


# The container


def instructions(keyword: str) -> list[str]:
    """List what stands behind one keyword of the Dockerfile, lines that go on joined."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"^{keyword}\s+(.+)$", text, re.MULTILINE)


def test_the_image_starts_a_command_that_is_there_and_not_as_root() -> None:
    [entry], [words] = instructions("ENTRYPOINT"), instructions("CMD")
    assert json.loads(entry) == ["shirube"]
    understood(json.loads(words))
    assert instructions("USER") == ["10001:10001"]
    assert instructions("VOLUME") == ["/data"]


def test_the_image_is_asked_for_its_health_where_it_listens() -> None:
    [check], [words], [port] = instructions("HEALTHCHECK"), instructions("CMD"), instructions("EXPOSE")
    assert f"http://127.0.0.1:{port}/healthz" in check
    assert json.loads(words)[-2:] == ["--port", port]


def test_the_image_gets_all_that_the_wheel_is_made_of_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    packages = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    asked = {PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    copied = {path for line in instructions("COPY") if "--from" not in line for path in line.split()[:-1]} - {"."}
    assert let_in == packages | asked | copied
    assert all((ROOT / path).exists() for path in let_in)


def test_the_image_is_of_one_python_that_the_project_allows() -> None:
    bases = {line.split()[0] for line in instructions("FROM")}
    [base] = bases
    version = re.fullmatch(r"python:(3\.\d+)-slim-bookworm", base)
    assert version
    assert Requirement(f"x{PROJECT['project']['requires-python']}").specifier.contains(version[1])


def test_the_part_of_the_lock_is_all_that_a_service_needs_and_none_of_its_development() -> None:
    texts = [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "requirements.lock")]
    names = {plain(entry) for entry in part(*texts)}
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "playwright", "schemathesis"}
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["postgres"]]
    assert closure(asked, without={"torch"}) <= names


@pytest.mark.parametrize("service", [name for name in COMPOSE["services"] if name != "db"])
def test_a_service_of_ours_is_locked_down_and_its_command_is_there(service: str) -> None:
    made = COMPOSE["services"][service]
    understood([str(word) for word in made["command"]])
    assert made["read_only"] is True
    assert made["cap_drop"] == ["ALL"]
    assert made["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert made["volumes"] == ["data:/data"]


def test_the_database_is_reached_by_nobody_outside_and_waits_to_be_healthy() -> None:
    database = COMPOSE["services"]["db"]
    assert "ports" not in database
    assert database["networks"] == ["back"]
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert database["healthcheck"]["test"][1] == "pg_isready"


@pytest.mark.postgres
def test_the_role_of_the_program_owns_one_database_and_may_nothing_else(postgres_url: str, tmp_path: Path) -> None:
    """Run the script as the image would, under another name; then the program migrates as that role."""
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not here")
    database = COMPOSE["services"]["db"]
    assert "POSTGRES_USER" not in database["environment"], "the user named there becomes a superuser"
    assert any("/role.sql:/docker-entrypoint-initdb.d/" in volume for volume in database["volumes"])
    name = "shirube_role_" + os.urandom(4).hex()
    script = re.sub(r"\bshirube\b", name, (ROOT / "deploy" / "postgres" / "role.sql").read_text("utf-8"))
    (tmp_path / "password").write_text("it's a \\secret", "utf-8")
    server = make_url(postgres_url)
    command = [
        psql,
        "--no-psqlrc",
        "--set=ON_ERROR_STOP=1",
        server.set(drivername="postgresql").render_as_string(False),
    ]
    env = {**os.environ, "ROLE_PASSWORD_FILE": str(tmp_path / "password")}
    subprocess.run(command, input=script, text=True, env=env, check=True, capture_output=True)
    try:
        mine = make_engine(server.set(username=name, password="it's a \\secret", database=name).render_as_string(False))
        upgrade(mine)
        with mine.connect() as connection:
            rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = "
            assert connection.exec_driver_sql(rights + "current_user").scalar_one() is False
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.exec_driver_sql("SELECT pg_read_file('/etc/hostname')")
        mine.dispose()
    finally:
        gone = f"DROP DATABASE {name} WITH (FORCE);\nDROP ROLE {name};\n"
        subprocess.run(command, input=gone, text=True, env=env, check=True, capture_output=True)


def test_the_web_is_published_on_this_machine_alone_and_trusts_it_alone() -> None:
    serve = COMPOSE["services"]["serve"]
    assert all(port.startswith("127.0.0.1:") for port in serve["ports"])
    [network] = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert json.loads(serve["environment"]["SHIRUBE_TRUSTED_PROXIES"]) == [network["gateway"]]


def test_the_image_is_called_by_the_version() -> None:
    version = PROJECT["project"]["version"]
    assert {one["image"] for name, one in COMPOSE["services"].items() if name != "db"} == {f"shirube:{version}"}
    assert f"shirube:{version} " in (ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert re.search(rf"^## {re.escape(version)}$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def test_no_secret_stands_in_the_compose_file() -> None:
    secret = {f"{PREFIX}{name.upper()}" for name, field in Settings.model_fields.items() if "Secret" in str(field)}
    for service in COMPOSE["services"].values():
        given = service["environment"]
        assert not secret & set(given)
        assert not [name for name in given if "PASSWORD" in name and not name.endswith("_FILE")]
        mounted = {value for name, value in given.items() if name.endswith("_FILE")}
        assert mounted == {f"/run/secrets/{name}" for name in service["secrets"]}
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert all(f"/{Path(secret['file']).parent.name}/" in ignored for secret in COMPOSE["secrets"].values())


def test_the_worker_is_asked_for_its_health_in_words_that_it_says() -> None:
    [_, line] = COMPOSE["services"]["work"]["healthcheck"]["test"]
    command, _, search = line.partition(" | ")
    understood(shlex.split(command)[1:])
    assert shlex.split(search)[-1] in json.dumps({"scheduler": {"state": "ticking"}}, indent=2)


# systemd


def directives(unit: Path) -> dict[str, list[str]]:
    """Read a unit: directive -> its values."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text("utf-8"), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_a_unit_starts_a_command_that_is_there_and_writes_in_its_state_folder_alone(unit: Path) -> None:
    said = directives(unit)
    [start] = said["ExecStart"]
    assert Path(start.split()[0]).name == "shirube"
    understood(start.split()[1:])
    assert said["ProtectSystem"] == ["strict"]
    assert f"SHIRUBE_DATA_DIR=/var/lib/{said['StateDirectory'][0]}" in said["Environment"][0]
    assert "ReadWritePaths" not in said
    assert int(said["TimeoutStopSec"][0]) > 10, "SIGTERM takes up to ten seconds"


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_systemd_finds_nothing_wrong_with_a_unit_and_little_exposed(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not here")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text("utf-8").replace("/opt/shirube/.venv/bin/shirube", "/bin/true"), "utf-8")
    verified = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    command = [analyze, "security", "--offline=true", "--no-pager", str(copy)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert exposure, told.stderr
    assert float(exposure[1]) <= MOST_EXPOSED


def test_a_command_by_hand_has_the_user_folder_and_settings_of_the_units(tmp_path: Path) -> None:
    """Without the file of settings it would make a database of its own, and use that."""
    stand_in = tmp_path / "systemd-run"
    stand_in.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", "utf-8")
    stand_in.chmod(0o755)
    words = ["outbox", "--retry", "17", "two words"]
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    told = subprocess.run([BY_HAND, *words], env=env, capture_output=True, text=True, check=True).stdout.splitlines()
    for unit in UNITS:
        said = directives(unit)
        assert f"--uid={said['User'][0]}" in told
        assert f"--gid={said['Group'][0]}" in told
        assert f"--working-directory={said['WorkingDirectory'][0]}" in told
        assert f"--setenv={said['Environment'][0].split()[0]}" in told
        assert f"--property=EnvironmentFile={said['EnvironmentFile'][0]}" in told
        assert f"--property=UMask={said['UMask'][0]}" in told
        assert told[-5:] == [said["ExecStart"][0].split()[0], *words]


def test_the_page_gives_commands_by_hand_no_other_way() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8").partition("## systemd")[2].partition("\n## ")[0]
    assert "sudo /opt/shirube/deploy/systemd/shirube status" in page
    assert "sudo -u shirube" not in page


# Reverse proxies


@pytest.mark.parametrize("file", PROXIES, ids=name_of)
def test_a_proxy_keeps_links_of_mails_out_of_its_log_and_metrics_to_itself(file: Path) -> None:
    text = file.read_text("utf-8")
    assert re.search(r"location \^~ /s/ \{\s+access_log off;|log_skip /s/\*", text)
    assert re.search(r"location = /metrics \{\s+return 404;|respond /metrics 404", text)
    assert 'Strict-Transport-Security "max-age=31536000"' in text
    assert "127.0.0.1:8000" in text
    assert text.count("{") == text.count("}")


# GitHub Actions


def steps(workflow: Path) -> list[dict[str, Any]]:
    """List the steps of all jobs of a workflow."""
    jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def scripts(workflow: Path) -> list[str]:
    """List the shell scripts of a workflow."""
    return [step["run"] for step in steps(workflow) if "run" in step]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=name_of)
def test_a_workflow_may_read_and_no_more_than_a_job_says(workflow: Path) -> None:
    read = yaml.safe_load(workflow.read_text("utf-8"))
    assert read["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job or job.get("environment") for job in read["jobs"].values())
    assert all(re.search(r"@v\d+$", step["uses"]) for step in steps(workflow) if "uses" in step)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=name_of)
def test_a_workflows_scripts_are_shell_and_call_what_there_is(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for script in scripts(workflow):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)  # the shell reads it and runs nothing
        assert set(re.findall(r"^make ([a-z0-9]+)", script, re.M)) <= targets
        for call in re.findall(r"(?:\.venv/bin/| serve )shirube ([^\n|]+)", script):
            understood([word.replace("$month", "2026-06") for word in shlex.split(call)])


def test_ci_runs_what_the_readme_promises_and_the_audit() -> None:
    [workflow] = [file for file in WORKFLOWS if file.name == "ci.yml"]
    ran = "\n".join(scripts(workflow))
    assert all(f"make {target}" in ran for target in ("setup", "check", "test", "package", "audit"))


def test_the_site_keeps_its_state_and_no_secret_in_it() -> None:
    [workflow] = [file for file in WORKFLOWS if file.name == "site.yml"]
    [kept] = [step["with"] for step in steps(workflow) if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert kept["path"].split() == ["var/shirube.db*", "public"]
    assert kept["include-hidden-files"] is True, "the site's manifest begins with a dot"
    assert f"--name {kept['name']}" in "\n".join(scripts(workflow))
    closing = Settings.model_fields["closing_day"].default
    crons = [one["cron"] for one in yaml.safe_load(workflow.read_text("utf-8"))[True]["schedule"]]
    assert [int(cron.split()[2]) for cron in crons] == [closing + 1, closing + 8]
