"""The public address that links begin with, written in the one way in which browsers and mail programs send it."""

import re
from urllib.parse import urlsplit

HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?")  # as a Host field names it
FORM = "write https://host/path"
_USER = re.compile(r"[^/]*//[^/?#]*@")
# IDNA 2003, which the standard library speaks, makes other letters or nothing of these, and browsers do not
# (https://www.unicode.org/reports/tr46/#Deviations).
_DEVIATIONS = frozenset("ßςẞ\u200c\u200d")


def public_address(text: str) -> str:
    """Write an address with its host in small letters and ASCII and no slash at its end.

    Raises ValueError that says what no link could begin with; what may be a password is not repeated.
    """
    if _USER.match(text):
        raise ValueError(f"holds a user before the host, which every reader would see; {FORM}")
    if re.search(r"[?#]", text):
        raise ValueError(f"{text!r} has a ? or #; {FORM}")
    try:
        parts = urlsplit(text)
        name, port = parts.hostname, parts.port
    except ValueError as problem:  # brackets that do not close, a port that is none
        raise ValueError(_none(text)) from problem
    if parts.scheme not in ("http", "https") or not name or re.search(r"\s", text):
        raise ValueError(_none(text))
    if not parts.path.isascii():
        raise ValueError(f"{text!r} has letters in its path that mail cannot carry; write it in ASCII")
    host = _host(name, text) if port is None else f"{_host(name, text)}:{port}"
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def _host(name: str, text: str) -> str:
    if _DEVIATIONS & set(name):
        raise ValueError(f"{text!r} has letters of which a host is made in two ways; write it as xn--")
    try:
        host = f"[{name}]" if ":" in name else name.encode("idna").decode("ascii").lower()
    except UnicodeError as problem:  # a label that is empty or too long, or a sign that none may have
        raise ValueError(_none(text)) from problem
    if not HOST.fullmatch(host):
        raise ValueError(_none(text))
    return host


def _none(text: str) -> str:
    return f"{text!r} is no http address; {FORM}"
