"""Ask the OSV database for known vulnerabilities of every locked package: `python -m scripts.audit` (make audit).

The query is https://google.github.io/osv.dev/post-v1-querybatch/. Without a network it says *SKIPPED* and ends with 0,
since a build that needs the internet to be red or green says nothing about the code; CI shows that line as a warning.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from scripts.check_lock import versions

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "https://api.osv.dev/v1/querybatch"
PATIENCE = 30  # seconds
SKIPPED = "dependency audit SKIPPED: no network"


class AuditError(Exception):
    """The database answered something that is no answer to the question."""


def main(address: str = ADDRESS) -> int:
    """Ask about every pin; gives 0 where nothing is known or nobody could be asked, else 1."""
    pins = locked("requirements.lock") + locked("torch.txt")
    try:
        found = vulnerable(pins, ask(address, pins))
    except urllib.error.HTTPError as problem:
        return say(f"dependency audit FAILED: {address} answered {problem.code}", 1)
    except OSError as problem:
        return skipped(address, problem)
    except AuditError as problem:
        return say(f"dependency audit FAILED: {problem}", 1)
    for name, version, ids in found:
        say(f"{name} {version}: {', '.join(ids)} (https://osv.dev/list?q={name}&ecosystem=PyPI)")
    return say(
        f"dependency audit: {len(pins)} packages asked about, {len(found)} with known vulnerabilities", bool(found)
    )


def locked(name: str) -> list[tuple[str, str]]:
    """List the packages and versions of a requirements file of this checkout."""
    pins = versions((ROOT / name).read_text(encoding="utf-8"))
    return [(package, version) for package, several in pins.items() for version in several]


def ask(address: str, pins: list[tuple[str, str]]) -> dict[str, Any]:
    """Send one question for all packages; raises OSError where nobody answers, AuditError where it is no answer."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in pins]
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        raw = answer.read()
    try:
        return dict(json.loads(raw))
    except (ValueError, TypeError) as problem:
        raise AuditError(f"{address} answered what is no JSON object") from problem


def vulnerable(pins: list[tuple[str, str]], answer: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Pair packages with the ids of what is known about them, in order; AuditError where they do not match."""
    results = answer.get("results")
    if not isinstance(results, list) or len(results) != len(pins):
        raise AuditError(f"{len(pins)} packages were asked about, and the answer is not about as many")
    known = [[str(one["id"]) for one in (result or {}).get("vulns") or []] for result in results]
    return [(name, version, ids) for (name, version), ids in zip(pins, known, strict=True) if ids]


def skipped(address: str, problem: OSError) -> int:
    """Say as loudly as the place allows that nobody could be asked: in GitHub Actions as a warning on the run."""
    prefix = "::warning::" if os.environ.get("GITHUB_ACTIONS") else "*** "
    return say(f"{prefix}{SKIPPED} ({address}: {getattr(problem, 'reason', problem)})", 0)


def say(text: str, code: int = 0) -> int:
    """Tell the person at the terminal; gives the exit code on."""
    print(text, file=sys.stdout, flush=True)  # noqa: T201
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
