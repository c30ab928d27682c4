"""Which addresses mail may come from and replies may go to: read alike where they are set and where mail is made."""

from email_validator import validate_email


def sending_address(text: str) -> str:
    """Give the bare address, in ASCII where it has such a form; raises a ValueError that says what is wrong with it."""
    found = validate_email(text, check_deliverability=False, allow_smtputf8=False, allow_display_name=True)
    return found.ascii_email or found.normalized
