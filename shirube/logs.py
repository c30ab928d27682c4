"""Events with fields on stderr, as lines for people or JSON for machines; secrets and addresses never pass."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_SIGNED = re.compile(r"(/s/)[\w.-]{20,}")
_PASSWORD = re.compile(r"(://[^/\s:@]+:)[^@\s]+@")


def configure(form: str) -> None:
    """Send all logging through one masked, structured stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
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
    for noisy in ("httpx2", "httpcore2", "urllib3", "apscheduler", "sentence_transformers", "arxiv", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _masked(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


def mask(value: str) -> str:
    """Give a text as one line without passwords, addresses of people and keys in links."""
    value = _SIGNED.sub(r"\1(token)", _PASSWORD.sub(r"\1******@", value))
    return _ADDRESS.sub("(address)", value).replace("\n", "\\n")
