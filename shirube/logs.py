"""Events with fields on stderr, as lines for people or JSON for machines; secrets and addresses never pass."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from core.apikeys import without_keys

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_SIGNED = re.compile(r"(/s/)[\w.-]{20,}")
_PASSWORD = re.compile(r"(://[^/\s:@]+:)[^@\s]+@")
_BEARER = re.compile(r"\b(bearer\s+)[\w.~+/=-]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # a new line would begin an event that never was


def configure(form: str) -> None:
    """Send all logging through one masked, structured stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),  # such as the request id, by which a reader's report is found
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masked,
    ]
    final: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=final, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for noisy in (
        *("httpx2", "httpcore2", "urllib3", "apscheduler", "sentence_transformers", "arxiv", "alembic", "mcp"),
        "torch",  # what it counted in its caches, at the end of `serve`
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _masked(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value if key.startswith("_") else _plain(value) for key, value in event.items()}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else mask(str(value))


def mask(value: str) -> str:
    """Give a text as one line without passwords, addresses of people, keys, and tokens of links."""
    value = _BEARER.sub(r"\1(secret)", without_keys(_PASSWORD.sub(r"\1******@", value)))
    value = _ADDRESS.sub("(address)", _SIGNED.sub(r"\1(token)", value))
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
