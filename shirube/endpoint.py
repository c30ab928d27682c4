"""The model that summaries are asked of, as an address behind the guarded client."""

from dataclasses import dataclass, field

from pydantic import SecretStr

from ingest.http import Guard


@dataclass(frozen=True)
class Endpoint:
    """A model behind an address, asked through the guard; the key stands in no message and no representation."""

    url: str
    model: str
    key: SecretStr | None
    guard: Guard = field(repr=False)

    def ask(self, body: bytes) -> bytes:
        """Send one request and give the answer's body; raises SourceError, and never asks twice."""
        key = self.key.get_secret_value() if self.key else ""
        return self.guard.post(self.url, body, {"Authorization": f"Bearer {key}"} if key else {}).body
