"""The harvest: the one place of this package that opens the database."""

from ingest.results import Progress, WindowResult, summed
from ingest.service.announced import check_announced
from ingest.service.enriching import enrich
from ingest.service.importing import Channel, complete_full_text, import_archive, import_records, import_snapshot
from ingest.service.pulling import due_windows, pull, take_up
from ingest.service.saving import store
from ingest.sources.pwc_archive import KINDS as ARCHIVES

__all__ = [
    "ARCHIVES",
    "Channel",
    "Progress",
    "WindowResult",
    "check_announced",
    "complete_full_text",
    "due_windows",
    "enrich",
    "import_archive",
    "import_records",
    "import_snapshot",
    "pull",
    "store",
    "summed",
    "take_up",
]
