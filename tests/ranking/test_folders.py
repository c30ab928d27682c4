"""Caches as folders: whoever else writes or reads one at the same time, nobody fails and nobody is left without."""

import errno
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from ranking import folders, matrix
from ranking.folders import Said
from tests.ranking.test_matrix import MODEL, clustered, named, same

STEM = "some-"
Made = TypeVar("Made")


def at_once(act: Callable[[int], Made]) -> list[Made]:
    """Let two do the same, 0 and 1: both write, then both put in place what they wrote, then both go on."""
    barrier, real = threading.Barrier(2, timeout=30), Path.replace

    def meeting(self: Path, target: Path) -> Path:
        barrier.wait()
        try:
            return real(self, target)
        finally:
            barrier.wait()

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(Path, "replace", meeting)
        return list(pool.map(act, range(2)))


def put(folder: Path, number: int) -> None:
    folders.put(folder, STEM, f"{STEM}*", {"number": number}, lambda place: np.save(place / "a.npy", number))


def read(folder: Path) -> int | None:
    return folders.opened(folder, STEM, lambda place, _: int(np.load(place / "a.npy")))


@pytest.mark.parametrize("numbers", [(1, 2), (1, 1)], ids=["another", "the same"])
def test_of_two_put_at_once_one_stands_and_the_former_does_not(tmp_path: Path, numbers: tuple[int, int]) -> None:
    put(tmp_path, 0)
    at_once(lambda n: put(tmp_path, numbers[n]))
    assert read(tmp_path) in numbers
    put(tmp_path, 3)
    assert read(tmp_path) == 3
    assert len(list(tmp_path.iterdir())) == 1  # nothing of the two is left over


def test_two_that_write_a_matrix_at_once_have_each_its_own(tmp_path: Path) -> None:
    made = at_once(lambda n: matrix.write(tmp_path, MODEL, f"{n}", named(9 + n), clustered(9 + n)))
    assert [same(one, clustered(9 + n)) for n, one in enumerate(made)] == [True, True]
    found = matrix.read(tmp_path, MODEL)
    assert found is not None
    assert found.state in [one.state for one in made]


def test_what_another_puts_in_place_while_leftovers_are_looked_for_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / f"{folders.FRESH}other").symlink_to("nowhere")  # listed, and not there when it is looked at
    put(tmp_path, 1)
    assert read(tmp_path) == 1


def test_who_reads_while_another_puts_is_given_the_new_one(tmp_path: Path) -> None:
    put(tmp_path, 1)

    def slow(place: Path, said: Said) -> int:
        if said["number"] == 1:
            put(tmp_path, 2)  # takes away what is being read
        return int(np.load(place / "a.npy"))

    assert folders.opened(tmp_path, STEM, slow) == 2


def refusing(number: int) -> Callable[..., Any]:
    """Make a call of the file system that fails in this way."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "refused")

    return refuse


@pytest.mark.parametrize("number", [errno.ENOTEMPTY, errno.EEXIST])
def test_the_same_put_by_another_and_taken_away_again_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(Path, "replace", refusing(number))
    put(tmp_path, 1)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_put_in_place_leaves_the_former_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, 1)
    monkeypatch.setattr(Path, "replace", refusing(errno.EACCES))
    with pytest.raises(PermissionError):
        put(tmp_path, 2)
    assert read(tmp_path) == 1
    assert len(list(tmp_path.iterdir())) == 1
