"""What the web door asks of the mail behind it."""

from typing import Protocol


class Post(Protocol):
    """Sends letters elsewhere than in a request, and deletes mails kept as files."""

    @property
    def sends(self) -> bool:
        """Tell whether mail is set up, so that people can sign up."""
        ...

    def wake(self) -> None:
        """Have the letters sent that are due; returns at once."""
        ...

    def forget(self, email: str) -> None:
        """Delete the mails to an address that are kept as files."""
        ...
