"""The file of signing keys: whole or not there, private, and never made twice."""

import os
from collections.abc import Callable
from pathlib import Path
from stat import S_IMODE

import pytest

from core.errors import ConfigError
from shirube import keyfile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of keys that is not there yet."""
    return tmp_path / keyfile.NAME


def test_a_key_is_made_once_and_only_its_owner_may_read_it(file: Path) -> None:
    first = keyfile.kept(file)
    assert keyfile.kept(file) == first
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_whoever_looks_while_a_key_is_written_finds_none_or_all_of_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes that start in a fresh folder: one looks at every call of the system that the other makes."""
    seen: list[list[str]] = []

    def looking(call: Callable[..., object]) -> Callable[..., object]:
        def looked(*given: object, **named: object) -> object:
            done = call(*given, **named)
            if file.exists():
                seen.append(keyfile.read(str(file), file.read_text("utf-8")))
            return done

        return looked

    for name in ("open", "fdopen", "fsync", "link"):
        monkeypatch.setattr(os, name, looking(getattr(os, name)))
    made = keyfile.kept(file)
    assert seen == [made]


def test_the_first_of_two_wins(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def second(fresh: Path, where: Path) -> None:
        where.write_text("of the other\n")
        link(fresh, where)

    monkeypatch.setattr(os, "link", second)
    assert keyfile.kept(file) == ["of the other"]
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_without_hard_links_keeps_a_key_as_well(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    made = keyfile.kept(file)
    assert keyfile.kept(file) == made
    assert list(file.parent.iterdir()) == [file]


def test_a_disk_that_fills_leaves_no_half_key(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        keyfile.kept(file)
    assert list(file.parent.iterdir()) == []


def test_an_empty_file_is_told_of_and_not_filled(file: Path) -> None:
    file.touch()
    with pytest.raises(ConfigError, match="holds no key"):
        keyfile.kept(file)


def test_a_byte_order_mark_is_no_part_of_the_first_key(file: Path) -> None:
    file.write_text("first\r\nsecond\r\n", encoding="utf-8-sig")
    assert keyfile.kept(file) == ["first", "second"]
    keyfile.put(file, "first\nolder\n")
    assert keyfile.kept(file) == ["older", "first", "second"]


def test_keys_of_a_backup_stand_before_a_files_own(file: Path) -> None:
    [own] = keyfile.kept(file)
    keyfile.put(file, f"older\n{own}\n")
    assert keyfile.kept(file) == ["older", own]
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("own", ["", "own key\n"])
def test_a_key_of_several_words_comes_back_whole(file: Path, own: str) -> None:
    if own:
        file.write_text(own)
    keyfile.put(file, "an older key\n  the key of the backup \n")
    assert keyfile.kept(file) == ["an older key", "the key of the backup", *own.splitlines()]
