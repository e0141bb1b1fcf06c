"""What services and devices say, as a label may have it."""

from __future__ import annotations

LONGEST = 200  # characters


def printable(text: str) -> str:
    """The text without white space around it and what a terminal or a page would obey, cut where it is long."""
    return "".join(char for char in text.strip() if char.isprintable())[:LONGEST]
