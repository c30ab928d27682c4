"""The roadmap as vectors, and its cache: read while words and model are the same, made anew when they are not."""

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranking.guide import make_guide
from roadmap.model import Roadmap
from tests.fakes import HashEmbedder
from tests.ranking.test_folders import at_once, refusing
from tests.ranking.toy import TOY, text


def test_every_sentence_of_the_roadmap_has_its_row() -> None:
    guide = make_guide(TOY, HashEmbedder())
    assert guide.topics == ("brass-herons", "quiet-ponds", "paper-kites")
    assert guide.query_owner.tolist() == [0, 0, 1, 1, 2, 2]
    assert guide.miss_owner.tolist() == [0, 1, 2]
    assert (len(guide.descriptions), len(guide.canon)) == (3, 2)
    (query,) = HashEmbedder().embed(["praise for quiet ponds"])
    assert float(guide.queries[3] @ query) > 0.999


def test_the_packaged_roadmap_has_a_row_a_sentence(roadmap: Roadmap) -> None:
    guide = make_guide(roadmap, HashEmbedder(dimensions=8))
    topics = roadmap.topics.values()
    assert len(guide.queries) == len(guide.query_owner) == sum(len(t.queries) for t in topics)
    assert len(guide.misses) == len(guide.miss_owner) == sum(len(t.near_misses) for t in topics)
    assert len(guide.canon) == len(roadmap.canon)
    assert guide.topics == tuple(roadmap.topics)


def test_a_roadmap_without_canon_or_near_misses_is_no_fault() -> None:
    topics = {key: replace(topic, near_misses=()) for key, topic in TOY.topics.items()}
    guide = make_guide(replace(TOY, topics=topics, canon=()), HashEmbedder())
    assert guide.canon.shape == guide.misses.shape == (0, 384)


def test_the_second_time_reads_the_file(tmp_path: Path) -> None:
    first, second = HashEmbedder(), HashEmbedder()
    one, other = make_guide(TOY, first, tmp_path), make_guide(TOY, second, tmp_path)
    assert first.texts
    assert second.texts == []
    for name in ("queries", "descriptions", "misses", "canon"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_changed_words_or_another_model_are_embedded_anew(tmp_path: Path) -> None:
    make_guide(TOY, HashEmbedder(), tmp_path)
    heron = replace(TOY.topics["brass-herons"], description=text("Not the same words"))
    changed, other = HashEmbedder(), HashEmbedder(name="another-model")
    guide = make_guide(replace(TOY, topics=TOY.topics | {"brass-herons": heron}), changed, tmp_path)
    assert "brass herons: Not the same words" in changed.texts
    assert float(guide.descriptions[0] @ HashEmbedder().embed(["brass herons: Not the same words"])[0]) > 0.999
    make_guide(TOY, other, tmp_path)
    assert other.texts
    assert len(list(tmp_path.iterdir())) == 1  # the former ones are swept away


def test_a_cache_of_another_shape_is_not_believed(tmp_path: Path) -> None:
    make_guide(TOY, HashEmbedder(), tmp_path)
    (file,) = tmp_path.iterdir()
    np.save(file, np.zeros((2, 384), dtype=np.float32))
    again = HashEmbedder()
    assert len(make_guide(TOY, again, tmp_path).queries) == 6
    assert again.texts


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    make_guide(TOY, HashEmbedder(), tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"half a fi")
    again = HashEmbedder()
    assert len(make_guide(TOY, again, tmp_path).queries) == 6
    assert again.texts


@pytest.mark.parametrize("names", [("one", "one"), ("one", "other")], ids=["the same", "another"])
def test_two_that_start_at_once_write_both_and_what_stands_is_read(tmp_path: Path, names: tuple[str, str]) -> None:
    made = at_once(lambda n: make_guide(TOY, HashEmbedder(name=names[n]), tmp_path))
    assert [len(guide.queries) for guide in made] == [6, 6]
    again = [HashEmbedder(name=name) for name in names]
    assert all(len(make_guide(TOY, embedder, tmp_path).queries) == 6 for embedder in again)
    assert [] in [embedder.texts for embedder in again]
    make_guide(TOY, HashEmbedder(name="third"), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cache_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", refusing(errno.EACCES))
    with pytest.raises(PermissionError):
        make_guide(TOY, HashEmbedder(), tmp_path)
    assert list(tmp_path.iterdir()) == []
