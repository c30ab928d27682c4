"""What `--help` says is so: the jobs of `work`, the formats of `digest`."""

from digest.formats import formats
from shirube.jobs import JOBS
from tests.shirube.command import run


def test_work_names_its_jobs_and_no_other() -> None:
    said = " ".join(run("work", "--help").out.split())
    listed = said.partition("scheduled jobs: ")[2].partition(". It begins no mailing: send does.")[0].split(", ")
    assert [words.split()[0] for words in listed] == [job.name for job in JOBS]


def test_digest_lists_every_format_there_is() -> None:
    said = " ".join(run("digest", "--help").out.replace("│", " ").split())
    *most, last = formats()
    assert f"{', '.join(most)} or {last}." in said
