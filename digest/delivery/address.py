"""Which addresses mail may come from and replies may go to: read alike where they are set and where mail is made."""

from email_validator import validate_email


def sending_address(text: str) -> str:
    """Give the bare address, in ASCII where it has such a form; raises a ValueError that says what is wrong with it."""
    return named_address(text)[1]


def named_address(text: str) -> tuple[str, str]:
    """Give the name before an address, empty where there is none, and the bare address; raises as `sending_address`."""
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, allow_display_name=True)
    except ValueError as problem:
        if "display name" not in str(problem):
            raise ValueError(f"{problem} Write it as name@example.org") from problem
        name, _, rest = text.partition("<")
        raise ValueError(f'The name must stand in quotes: "{name.strip()}" <{rest.strip()}.') from problem
    return (found.display_name or "").strip(), found.ascii_email or found.normalized
