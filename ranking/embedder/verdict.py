"""Which arithmetic is fastest on this machine: timed once, kept in a file, judged again when the machine differs."""

import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

from ranking.embedder.catalogue import Vectors

_log = logging.getLogger(__name__)
SAME_ENOUGH = 0.999  # least cosine to single precision: below, the vectors would be another model's
SAMPLE = 32
ROUNDS = 3
Embed = Callable[[list[str]], Vectors]


def fastest(ways: Mapping[str, Embed]) -> str:
    """Time the same texts in each way, turn about, and choose the fastest that agrees with the first (cosine >= 0.999).

    The first is single precision, which everything else must agree with.
    """
    texts = _sample()
    rows = {name: embed(texts) for name, embed in ways.items()}  # the first call pays for set-up, and is not timed
    plain = next(iter(rows.values()))
    same = [name for name, found in rows.items() if float((plain * found).sum(axis=1).min()) >= SAME_ENOUGH]
    return _quickest({name: ways[name] for name in same}, texts) if len(same) > 1 else same[0]


def stored(file: Path | None, name: str, among: tuple[str, ...]) -> str | None:
    """Read the verdict on a model; None where it is absent, damaged, or of another machine or other arithmetics."""
    if file is None or not file.is_file():
        return None
    try:
        verdict = json.loads(file.read_text(encoding="utf-8"))[name]
        chosen, where, of = verdict["arithmetic"], verdict["machine"], verdict["among"]
    except (ValueError, TypeError, KeyError):
        return None  # a damaged note, not even text perhaps, is made anew
    return str(chosen) if where == machine() and of == list(among) and chosen in among else None


def store(file: Path | None, name: str, arithmetic: str, among: tuple[str, ...]) -> None:
    """Write a verdict down whole or not at all; one that cannot be kept is reached anew at each start."""
    if file is None:
        return
    if file.parent.is_dir() and not os.access(file.parent, os.W_OK):
        _log.info("arithmetic=%s is not noted: %s may only be read", arithmetic, file.parent)
        return
    note = {name: {"arithmetic": arithmetic, "among": among, "machine": machine()}}
    try:
        _put(file, json.dumps(note, indent=1) + "\n")
    except OSError as problem:  # a full disk, say: what needs more room than this note will tell of it
        _log.info("arithmetic=%s is not noted: %s", arithmetic, problem)


def machine() -> str:
    """Name all that a verdict depends on: the processor and the releases of the libraries."""
    return " · ".join([_processor(), *(f"{name} {_release(name)}" for name in ("torch", "openvino"))])


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".") as folder:  # its own: others may start at once
        made = Path(folder) / file.name
        made.write_text(text, encoding="utf-8")
        made.replace(file)


def _quickest(ways: Mapping[str, Embed], texts: list[str]) -> str:
    seconds = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, embed in ways.items():
            start = time.process_time()  # what else the machine does does not count
            embed(texts)
            seconds[name] = min(seconds[name], time.process_time() - start)
    return min(seconds, key=lambda name: seconds[name])


def _sample() -> list[str]:
    """Make texts as long as papers are: some cut off at the model's limit, some not."""
    sentence = "A trial sentence about learning, number {}, long enough to be work. "
    return [sentence.format(n) * (4 + n % 16) for n in range(SAMPLE)]


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    if cpus.is_file():
        for line in cpus.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _release(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
