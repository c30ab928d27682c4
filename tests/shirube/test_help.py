"""What `--help` says is so: the formats of `digest`."""

from digest.formats import formats
from tests.shirube.command import run


def test_digest_lists_every_format_there_is() -> None:
    said = " ".join(run("digest", "--help").out.replace("│", " ").split())
    *most, last = formats()
    assert f"{', '.join(most)} or {last}." in said
