"""One root for every error a person may meet: what went wrong, and what to do about it."""


class ShirubeError(Exception):
    """An expected failure, with advice; the command line prints both and no traceback."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}. {self.advice}" if self.advice else self.message


class UsageError(ShirubeError):
    """A request that cannot be meant as written (exit code 2)."""


class ConfigError(ShirubeError):
    """A setting that is missing or wrong."""


class SourceError(ShirubeError):
    """A source that did not answer as it should; `unreachable` when no connection was made at all."""

    def __init__(self, message: str, advice: str = "", *, unreachable: bool = False) -> None:
        super().__init__(message, advice)
        self.unreachable = unreachable


class ModelError(ShirubeError):
    """An embedding model that is absent, altered or gives numbers that are no vector."""


class NotFoundError(ShirubeError):
    """Something asked for by name that is not stored."""


class RefusedError(ShirubeError):
    """An action the rules forbid, such as mailing a draft."""
