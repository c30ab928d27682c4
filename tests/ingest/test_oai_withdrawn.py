"""Whether a version that OAI-PMH tells of is withdrawn: by its size, else by its words."""

import re

import pytest

from core.record import PaperRecord
from ingest.source import Window
from ingest.sources.arxiv_raw import read_record
from tests.ingest.test_oai import Harvest, raw_records, truth
from tests.upstream import Upstream


def test_a_version_with_a_file_is_not_withdrawn_whatever_is_written(up: Upstream) -> None:
    paper = up.catalogue.papers[truth(up)[0]]
    paper.comment = "This paper has been withdrawn"
    window = Window("arxiv", "oai:cs:cs:LG", paper.datestamp, paper.datestamp)
    assert Harvest(up, window).record(paper.arxiv_id).withdrawn is False


@pytest.mark.parametrize(("size", "withdrawn"), [("0kb", True), ("1kb", True), ("6kb", False), ("", True), ("?", True)])
def test_words_are_believed_where_no_size_says_more(up: Upstream, size: str, withdrawn: bool) -> None:
    up.catalogue.papers[truth(up)[0]].comment = "Withdrawn"
    raw = re.sub(r"<size>\d+kb</size>", f"<size>{size}</size>", raw_records(up)[0])
    record = read_record(raw.encode())
    assert isinstance(record, PaperRecord)
    assert (record.comment, record.withdrawn) == ("Withdrawn", withdrawn)
