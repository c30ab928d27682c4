"""Readings kept in files: never another than reading would give, and no text read twice."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.engine import Sessions
from ranking.guide import Guide, make_guide
from ranking.kept import Kept
from ranking.lexical import PhraseIndex
from ranking.reading import Reader, Readings
from ranking.service import Part, embed_new, rank_new
from ranking.words import Texts, Vocabulary
from roadmap.model import Phrase
from tests.fakes import HashEmbedder
from tests.ranking.test_matrix import cut, flip
from tests.ranking.test_reading import TEXTS
from tests.ranking.test_service import LATE, at, change, dump, month, paper, ranker, shelve
from tests.ranking.toy import TOY

READER = Reader(
    Vocabulary(("brass heron", "kite", "moss", "water"), np.array([1, 2, 3, 4], np.float32)),
    PhraseIndex([(Phrase("quiet pond", 0.5),), (Phrase("paper kites", 1.0), Phrase("moss", 0.3))]),
)
SHELF = "2026-06"
HERON, KITE, POND = (
    Texts("Brass heron", "Brass herons and water"),
    Texts("Paper kites", None),
    Texts("Quiet pond", "Moss"),
)


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the texts of each reading that reads some."""
    read: list[int] = []
    real = Reader.read

    def reading(self: Reader, texts: Sequence[Texts]) -> Readings:
        read.extend([len(texts)] if len(texts) else [])
        return real(self, texts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reader, "read", reading)
        yield read


def same(found: Readings, texts: Sequence[Texts]) -> bool:
    wanted = READER.read(texts)
    pairs = ((found.terms, wanted.terms), (found.phrases, wanted.phrases))
    return all(a.shape == b.shape and np.array_equal(a.toarray(), b.toarray()) for a, b in pairs)


def test_a_text_is_read_once_whoever_asks(tmp_path: Path) -> None:
    with counted() as read:
        first = Kept(READER, tmp_path, SHELF)
        assert same(first.read([HERON, KITE, HERON]), [HERON, KITE, HERON])
        first.save()
        second = Kept(READER, tmp_path, SHELF)
        assert same(second.read([KITE, HERON]), [KITE, HERON])
        assert same(second.read([POND, KITE]), [POND, KITE])
        second.save()
        assert same(Kept(READER, tmp_path, SHELF).read([POND, HERON, KITE]), [POND, HERON, KITE])
    assert read == [2, 3, 2, 1, 2, 3]  # `same` itself reads three, two, two and three; the rest was not kept yet


@given(st.lists(TEXTS, max_size=4))
def test_in_whatever_order_texts_come_they_are_what_reading_gives(batches: list[list[Texts]]) -> None:
    kept = Kept(READER, None, SHELF)
    for texts in batches:
        assert same(kept.read(texts), texts)


def test_nothing_asked_and_nothing_new_leave_the_files_alone(tmp_path: Path) -> None:
    kept = Kept(READER, tmp_path, SHELF)
    kept.save()
    assert list(tmp_path.iterdir()) == []
    kept.read([HERON])
    kept.save()
    (folder,) = tmp_path.iterdir()
    before = folder.stat().st_mtime_ns
    again = Kept(READER, tmp_path, SHELF)
    again.read([HERON])
    again.save()
    assert [(folder, before)] == [(found, found.stat().st_mtime_ns) for found in tmp_path.iterdir()]


def test_other_words_to_look_for_start_anew_and_another_month_stays(tmp_path: Path) -> None:
    for shelf in (SHELF, "2026-07"):
        kept = Kept(READER, tmp_path, shelf)
        kept.read([HERON])
        kept.save()
    other = Kept(replace(READER, phrases=PhraseIndex([(Phrase("heron", 1.0),)])), tmp_path, SHELF)
    assert other.read([HERON]).phrases.shape == (1, 2)
    other.save()
    assert len(list(tmp_path.glob("read-2026-06-*"))) == len(list(tmp_path.glob("read-2026-07-*"))) == 1


def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    first, second = (Kept(READER, tmp_path, SHELF) for _ in range(2))
    first.read([HERON])
    second.read([KITE])
    first.save()
    second.save()  # the last one stands; the other's texts are read again
    assert same(Kept(READER, tmp_path, SHELF).read([HERON, KITE]), [HERON, KITE])
    assert len(list(tmp_path.iterdir())) == 1
    assert same(first.read([HERON]), [HERON])  # who has it open keeps it whole


NAMES = ("texts.txt", "terms.data.npy", "terms.indices.npy", "terms.indptr.npy", "phrases.indices.npy", "state.json")


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_damaged_is_read_again(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    kept = Kept(READER, tmp_path, SHELF)
    kept.read([HERON, POND])
    kept.save()
    (folder,) = tmp_path.iterdir()
    damage(folder / name)
    with counted() as read:
        assert same(Kept(READER, tmp_path, SHELF).read([HERON, POND]), [HERON, POND])
    assert read == [2, 2]
    assert list(tmp_path.iterdir()) == []


# In the ranking of what is stored


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The toy roadmap as vectors."""
    return make_guide(TOY, HashEmbedder())


def test_a_new_engine_and_a_new_vote_read_no_text_again(sessions: Sessions, guide: Guide, tmp_path: Path) -> None:
    shelve(sessions, *month(12), *month(12, of="2607"))
    embed_new(sessions, HashEmbedder(), at(2))
    with counted() as read:
        assert rank_new(sessions, ranker(guide, cache=tmp_path), at(2)) == 24
        assert read == [12, 12]
        heavier = replace(
            TOY.topics["brass-herons"], phrases=(*TOY.topics["brass-herons"].phrases[:2], Phrase("heron casting", 0.9))
        )
        other = replace(TOY, topics=TOY.topics | {"brass-herons": heavier})
        assert rank_new(sessions, ranker(guide, cache=tmp_path, roadmap=other), at(3)) == 24
        change(sessions, "2606.00001", 4, votes=7, votes_at=at(4)())
        embed_new(sessions, HashEmbedder(), at(5))
        assert rank_new(sessions, ranker(guide, cache=tmp_path, roadmap=other), at(5)) >= 1
        assert read == [12, 12]
        change(sessions, "2606.00002", 6, title="Brass herons again")
        embed_new(sessions, HashEmbedder(), at(7))
        rank_new(sessions, ranker(guide, cache=tmp_path, roadmap=other), at(7))
        assert read == [12, 12, 1]
    kept = dump(sessions, "ranked_at", "made_at")
    assert rank_new(sessions, ranker(guide, roadmap=other), at(8), rebuild=True) == 0
    assert dump(sessions, "ranked_at", "made_at") == kept  # without a cache it is the same


def test_a_new_day_reads_a_day_though_its_whole_month_is_scored(
    sessions: Sessions, guide: Guide, tmp_path: Path
) -> None:
    shelve(sessions, *month(20))
    embed_new(sessions, HashEmbedder(), at(2))
    with counted() as read:
        rank_new(sessions, ranker(guide, cache=tmp_path), at(2))
        shelve(sessions, paper("2606.19999", LATE, first_seen=at(3)(), updated=at(3)()))
        embed_new(sessions, HashEmbedder(), at(4))
        assert rank_new(sessions, ranker(guide, cache=tmp_path), at(4)) > 1  # those before move in a month that grew
    assert read == [20, 1]


def test_parts_share_what_is_kept(sessions: Sessions, guide: Guide, tmp_path: Path) -> None:
    shelve(sessions, *month(20))
    embed_new(sessions, HashEmbedder(), at(2))
    for number in (1, 2):
        rank_new(sessions, ranker(guide, cache=tmp_path), at(2), part=Part(number, 2))
    with counted() as read:
        assert rank_new(sessions, ranker(guide, cache=tmp_path), at(3), rebuild=True) == 0
    assert read == []
