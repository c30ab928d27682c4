"""Names that the command line needs before it knows what is asked of it, so that they import nothing heavy."""

from ingest.sources import added

NETWORK_SOURCES = ("arxiv", "hf", "pwc", "labs", *added())
SOURCES = (*NETWORK_SOURCES, "recorded")


def program_version() -> str:
    """Tell the version of the installed program."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("shirube")
    except PackageNotFoundError:
        return "0+source"
