"""What `--help` says is so: the jobs of `work`."""

from shirube.jobs import JOBS
from tests.shirube.command import run


def test_work_names_its_jobs_and_no_other() -> None:
    said = " ".join(run("work", "--help").out.split())
    assert f"scheduled jobs: {', '.join(job.name for job in JOBS)} the month. It sends no mail." in said
