"""Choices that look random and are the same on every machine and in every run."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


def number(key: str, below: int) -> int:
    """A number in [0, below) that depends on the key alone."""
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") % below


def choice(key: str, options: Sequence[T]) -> T:
    """One of the options, the same for the same key."""
    return options[number(key, len(options))]


def hexadecimal(key: str, length: int = 24) -> str:
    """A made-up object id such as databases hand out."""
    return sha256(key.encode()).hexdigest()[:length]
