"""The matrix of vectors: what it finds is what brute force finds, and it never outlives the rows it was made of."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core.errors import ModelError
from db import scores, storing
from db.engine import Sessions
from db.models import Embedding, Item
from ranking import folders, matrix
from ranking.matrix import Halves, Matrix, Rows
from ranking.service import vector_matrix
from tests.db.shelf import THEN, stored

MODEL = "some-model"
DIMENSIONS = 96


def clustered(count: int, seed: int = 3) -> Rows:
    """Make unit vectors that lie in clusters, as papers do; exact in half precision."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(40, DIMENSIONS))
    rows = middles[rng.integers(0, 40, count)] + rng.normal(size=(count, DIMENSIONS))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows.astype(np.float16), dtype=np.float32)


def named(count: int) -> list[str]:
    return [f"2606.{n:05d}" for n in range(count)]


def brute(rows: Rows, query: Rows, k: int, among: matrix.Mask | None = None) -> list[int]:
    cosines = rows @ query
    if among is not None:
        cosines = np.where(among, cosines, -9)
    return [int(i) for i in np.lexsort((np.arange(len(rows)), -cosines))[:k]]


@pytest.fixture
def by_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the signs be used for few vectors as well."""
    monkeypatch.setattr(matrix, "SMALL", 50)
    monkeypatch.setattr(matrix, "SHORTEST", 60)


@pytest.mark.usefixtures("by_signs")
def test_by_signs_the_same_is_found_as_by_brute_force(tmp_path: Path) -> None:
    rows = clustered(6_000)
    made = matrix.write(tmp_path, MODEL, "", named(6_000), rows)
    assert 60 <= made.state.shortlist < 4_000
    hits = wanted = 0
    for query in clustered(50, seed=9):
        found = [id_ for id_, _ in made.nearest(query, 20)]
        expected = {made.ids[i] for i in brute(rows, query, 20)}
        hits, wanted = hits + len(expected & set(found)), wanted + 20
    assert hits / wanted >= 0.998


@pytest.mark.usefixtures("by_signs")
def test_a_stored_vector_finds_itself_first_with_cosines_in_order(tmp_path: Path) -> None:
    rows = clustered(2_000)
    made = matrix.write(tmp_path, MODEL, "", named(2_000), rows)
    found = made.nearest(rows[77], 30)
    assert found[0][0] == made.ids[77]
    cosines = [cosine for _, cosine in found]
    assert cosines == sorted(cosines, reverse=True)
    assert cosines == pytest.approx(sorted(rows @ rows[77], reverse=True)[:30], abs=1e-6)


@pytest.mark.usefixtures("by_signs")
@pytest.mark.parametrize("share", [0.5, 0.02, 0.0])
def test_only_what_is_allowed_is_found(tmp_path: Path, share: float) -> None:
    rows = clustered(2_000)
    made = matrix.write(tmp_path, MODEL, "", named(2_000), rows)
    among = np.random.default_rng(2).random(2_000) < share
    found = [int(id_[5:]) for id_, _ in made.nearest(rows[5], 20, among)]
    assert found == brute(rows, rows[5], min(20, int(among.sum())), among)


def test_few_vectors_are_multiplied_out_and_ties_go_by_id(tmp_path: Path) -> None:
    rows = np.repeat(clustered(3), 4, axis=0)
    made = matrix.write(tmp_path, MODEL, "", named(12), rows)
    assert [id_ for id_, _ in made.nearest(rows[0], 3)] == named(12)[:3]
    assert len(made.nearest(rows[0], 50)) == 12


def test_many_queries_at_once_are_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "BLOCK", 7)
    rows, queries = clustered(60), clustered(9, seed=8)
    made = matrix.write(tmp_path, MODEL, "", named(60), rows)
    for query, places in zip(queries, made.exact(queries, 5), strict=True):
        assert places.tolist() == brute(rows, query, 5)


@given(st.integers(1, 200), st.integers(1, 30))
def test_signs_that_differ_are_counted(dimensions: int, count: int) -> None:
    rows = np.random.default_rng(dimensions * 31 + count).normal(size=(count, dimensions)).astype(np.float32)
    signs = matrix.pack(rows)
    found = matrix.differences(signs, signs[:, 0])
    assert found.tolist() == ((rows > 0) != (rows[0] > 0)).sum(axis=1).tolist()


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.integers(1, 60))
def test_the_closest_are_at_least_as_many_as_wanted(differing: list[int], wanted: int) -> None:
    counts = np.array(differing, dtype=np.uint16)
    places, edge = matrix.closest(counts, min(wanted, len(differing)))
    assert len(places) >= min(wanted, len(differing))
    assert sorted(places) == [i for i, d in enumerate(differing) if d <= edge]


def test_an_empty_store_has_an_empty_matrix(tmp_path: Path) -> None:
    made = matrix.write(tmp_path, MODEL, "", [], np.zeros((0, DIMENSIONS), dtype=np.float32))
    assert made.nearest(clustered(1)[0]) == []


def test_ids_out_of_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="in order"):
        matrix.write(tmp_path, MODEL, "", ["2606.00002", "2606.00001"], clustered(2))


def test_another_models_matrix_is_not_found(tmp_path: Path) -> None:
    matrix.write(tmp_path, MODEL, "", named(5), clustered(5))
    assert matrix.read(tmp_path, "some-model-2") is None
    assert matrix.read(tmp_path, MODEL) is not None


# In step with the rows


def shelve(sessions: Sessions, rows: Rows, hours: float = 1, first: int = 0) -> None:
    """Store items with these vectors, compared at an hour."""
    ids = [f"2606.{first + n:05d}" for n in range(len(rows))]
    with sessions.begin() as session:
        storing.save(session, [stored(id_) for id_ in ids])
        values = [
            {
                "item_id": id_,
                "model": f"{MODEL}@fp32",
                "text_hash": "0" * 32,
                "vector": row.astype("<f2").tobytes(),
                "made_at": THEN + timedelta(hours=hours),
            }
            for id_, row in zip(ids, rows, strict=True)
        ]
        scores.save_vectors(session, f"{MODEL}@fp32", values)


def same(made: Matrix, rows: Rows) -> bool:
    return list(made.ids) == named(len(rows)) and bool(np.array_equal(made.rows, rows))


def test_the_matrix_follows_the_rows(sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = clustered(30)
    assert len(vector_matrix(sessions, MODEL, tmp_path).ids) == 0
    shelve(sessions, rows[:19])
    shelve(sessions, rows[19:20], hours=9, first=19)
    assert same(vector_matrix(sessions, MODEL, tmp_path), rows[:20])
    read: list[int] = []
    real = scores.vectors_since
    monkeypatch.setattr(scores, "vectors_since", lambda *given: _counted(read, real(*given)))
    assert same(vector_matrix(sessions, MODEL, tmp_path), rows[:20])
    assert read == []  # nothing came: nothing is read
    shelve(sessions, rows[20:], hours=30, first=20)
    assert same(vector_matrix(sessions, MODEL, tmp_path), rows)
    assert read == [11]  # a new day costs a day, and the hour before it
    rows[3] = clustered(1, seed=5)[0]
    shelve(sessions, rows[3:4], hours=60, first=3)
    assert same(vector_matrix(sessions, MODEL, tmp_path), rows)
    assert read == [11, 11]
    assert len(list(tmp_path.glob("vectors-*"))) == 1


def _counted(read: list[int], found: tuple[list[str], Halves]) -> tuple[list[str], Halves]:
    read.append(len(found[0]))
    return found


def test_what_was_dated_before_the_last_and_saved_after_it_is_found(sessions: Sessions, tmp_path: Path) -> None:
    """Two machines embed: the slower one began earlier."""
    rows = clustered(12)
    shelve(sessions, rows)
    rows[:2] = clustered(2, seed=5)
    shelve(sessions, rows[:1], hours=6)
    vector_matrix(sessions, MODEL, tmp_path)
    shelve(sessions, rows[1:2], hours=5.5, first=1)
    assert same(vector_matrix(sessions, MODEL, tmp_path), rows)


def test_what_is_deleted_is_found_no_more(sessions: Sessions, tmp_path: Path) -> None:
    rows = clustered(12)
    shelve(sessions, rows)
    held = vector_matrix(sessions, MODEL, tmp_path)
    with sessions.begin() as session:
        session.execute(delete(Item).where(Item.id == "2606.00011"))
    assert same(vector_matrix(sessions, MODEL, tmp_path), rows[:11])
    assert same(held, rows)  # who has it open keeps it whole
    shelve(sessions, rows[11:], hours=9, first=11)
    with sessions.begin() as session:
        session.execute(delete(Embedding).where(Embedding.item_id == "2606.00000"))
    assert list(vector_matrix(sessions, MODEL, tmp_path).ids) == named(12)[1:]


def test_where_nothing_may_be_written_the_matrix_that_was_put_there_is_used(
    sqlite_sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = clustered(20)
    shelve(sqlite_sessions, rows[:12])
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "here"
    here.mkdir()
    vector_matrix(sqlite_sessions, MODEL, elsewhere)
    monkeypatch.setattr(folders, "writable", lambda folder: folder == elsewhere)
    with pytest.raises(ModelError, match="none may be written there"):
        vector_matrix(sqlite_sessions, MODEL, here)
    shutil.copytree(elsewhere, here, dirs_exist_ok=True)
    shelve(sqlite_sessions, rows[12:], hours=9, first=12)
    held = vector_matrix(sqlite_sessions, MODEL, here)
    assert same(held, rows[:12]), "older than the rows"
    assert vector_matrix(sqlite_sessions, MODEL, here, held) is held
    vector_matrix(sqlite_sessions, MODEL, elsewhere)
    shutil.copytree(elsewhere, here, dirs_exist_ok=True)
    for former in here.glob("vectors-*"):
        if not (elsewhere / former.name).exists():
            shutil.rmtree(former)
    fresh = vector_matrix(sqlite_sessions, MODEL, here, held)
    assert same(fresh, rows), "what was put there meanwhile"
    with sqlite_sessions.begin() as session:
        session.execute(delete(Item).where(Item.id == "2606.00011"))
    assert vector_matrix(sqlite_sessions, MODEL, here, fresh) is fresh, "newer than the rows"


@pytest.mark.parametrize("large", [False, True])
def test_singles_and_halves_are_found_alike_and_a_growing_matrix_turns_from_one_to_the_other(
    sqlite_sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    rows = clustered(90)
    monkeypatch.setattr(matrix, "LARGE", 60 if large else 1_000)
    monkeypatch.setattr(matrix, "BLOCK", 16)
    monkeypatch.setattr(scores, "_PART", 7)
    shelve(sqlite_sessions, rows[:50])
    assert vector_matrix(sqlite_sessions, MODEL, tmp_path).rows.dtype == np.float32
    shelve(sqlite_sessions, rows[50:], hours=9, first=50)
    made = vector_matrix(sqlite_sessions, MODEL, tmp_path)
    assert made.rows.dtype == (np.float16 if large else np.float32)
    assert same(made, rows)
    assert [id_ for id_, _ in made.nearest(rows[3], 20)] == [made.ids[place] for place in brute(rows, rows[3], 20)]
    anew = vector_matrix(sqlite_sessions, MODEL, tmp_path / "anew")
    assert anew.state == made.state
    assert np.array_equal(anew.signs, matrix.pack(rows))


def test_of_two_arithmetics_one_vector_is_read(sessions: Sessions, tmp_path: Path) -> None:
    rows = clustered(9)
    shelve(sessions, rows)
    with sessions.begin() as session:
        for row in session.scalars(select(Embedding).where(Embedding.item_id < "2606.00004")).all():
            values = {name: getattr(row, name) for name in ("item_id", "text_hash", "vector", "made_at")}
            session.add(Embedding(**values, model=f"{MODEL}@bf16"))
    assert same(vector_matrix(sessions, MODEL, tmp_path), rows)


def flip(file: Path) -> None:
    """Turn one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def cut(file: Path) -> None:
    """Lose the second half of a file."""
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
@pytest.mark.parametrize("name", ["rows.bin", "signs.npy", "ids.txt", "state.json"])
def test_a_damaged_matrix_is_made_anew(
    sqlite_sessions: Sessions, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    rows = clustered(12)
    shelve(sqlite_sessions, rows)
    vector_matrix(sqlite_sessions, MODEL, tmp_path)
    (folder,) = tmp_path.glob("vectors-*")
    damage(folder / name)
    assert same(vector_matrix(sqlite_sessions, MODEL, tmp_path), rows)
    (folder,) = tmp_path.glob("vectors-*")
    assert json.loads((folder / "state.json").read_text())["count"] == 12
