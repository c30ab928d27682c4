"""The notice "an issue was published" to another program: what it holds, how it is signed, what follows from an answer.

Form, headers and signature are those of Standard Webhooks
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). Pure: shirube posts it.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.clock import iso
from core.errors import ConfigError
from core.text import text_hash
from digest.model import Digest

EVENT = "issue.published"
PREFIX = "whsec_"
GONE = 410  # "stop sending", says the specification
# Seconds after each failed call; the last failure of all gives the notice up, some three days after the first.
PAUSES = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
_ADVICE = f"Set SHIRUBE_WEBHOOK_SECRET to {PREFIX} and 24 to 64 random bytes in base64"


@dataclass(frozen=True, slots=True)
class Answered:
    """The receiver answered with a status."""

    status: int


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer came, or the address was refused before a connection was made."""

    reason: str


Reply = Answered | Unreached
Post = Callable[[bytes, Mapping[str, str]], Reply]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where notices go: a way to post to the one address, and the secret they are signed with."""

    post: Post
    secret: bytes


def parse_secret(text: str | None) -> bytes:
    """Read SHIRUBE_WEBHOOK_SECRET; raises ConfigError, which never repeats it."""
    if not text or not text.startswith(PREFIX):
        raise ConfigError("The webhook has no secret to sign with", _ADVICE)
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as problem:
        raise ConfigError("SHIRUBE_WEBHOOK_SECRET is no base64", _ADVICE) from problem
    if not 24 <= len(secret) <= 64:
        raise ConfigError(f"SHIRUBE_WEBHOOK_SECRET holds {len(secret)} bytes", _ADVICE)
    return secret


def notice_id(digest: Digest) -> str:
    """Name the notice of an issue, the same at every attempt, so that a receiver can tell a second copy."""
    return f"msg_{text_hash(f'{EVENT} {digest.month} {digest.published} {digest.making.inputs_hash}')}"


def notice_body(digest: Digest, base_url: str | None) -> str:
    """Write what a receiver is told: month, status, addresses and counts (docs/mail.md has the schema)."""
    data = {
        "month": digest.month,
        "status": digest.status,
        "published": iso(digest.published) if digest.published else None,
        "urls": _urls(digest.month, base_url.rstrip("/")) if base_url else None,
        "counts": {
            "considered": digest.considered,
            "filed": digest.filed,
            "posts": digest.posts,
            "chosen": digest.chosen,
            "minutes": digest.minutes,
            "late": len(digest.late) + digest.late_more,
            "stages": [
                {
                    "number": stage.number,
                    "considered": stage.considered,
                    "filed": stage.filed.papers if stage.filed else None,
                    "chosen": len(stage.entries),
                }
                for stage in digest.stages
            ],
        },
        "failed_sources": list(digest.coverage.failed),
    }
    told = {"type": EVENT, "timestamp": iso(digest.published or digest.made), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _urls(month: str, base_url: str) -> dict[str, str]:
    return {"page": f"{base_url}/digests/{month}", "json": f"{base_url}/api/v1/digests/{month}"}


def signed_headers(secret: bytes, id_: str, body: bytes, now: datetime) -> dict[str, str]:
    """Sign a call: HMAC-SHA256 over id, time of this attempt in seconds, and body."""
    seconds = str(int(now.timestamp()))
    signature = hmac.digest(secret, b".".join((id_.encode(), seconds.encode(), body)), hashlib.sha256)
    return {
        "webhook-id": id_,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def after_call(reply: Reply, attempts: int, now: datetime) -> dict[str, Any]:
    """Choose a notice's next state from the answer to its latest call; any 2xx takes it."""
    if isinstance(reply, Answered) and 200 <= reply.status < 300:
        return {"state": "delivered", "delivered_at": now, "error": None}
    reason = f"status {reply.status}" if isinstance(reply, Answered) else reply.reason[:500]
    if reply == Answered(GONE) or attempts > len(PAUSES):
        return {"state": "failed", "error": f"gave up after {attempts} calls: {reason}"}
    return {"due_at": now + timedelta(seconds=PAUSES[attempts - 1]), "error": reason}
