"""Text from devices, rules and people, made fit for a database and for one line of a message."""

from __future__ import annotations

from collections.abc import Mapping

_NUL = "\x00"  # PostgreSQL stores no NUL, neither in text nor in JSON


def storable(text: str) -> str:
    """The text without what no database takes: NUL and lone surrogates become U+FFFD."""
    if text.isascii():
        return text if _NUL not in text else text.replace(_NUL, "\ufffd")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace(_NUL, "\ufffd")


def storable_pairs(pairs: Mapping[str, str]) -> dict[str, str]:
    """As `storable`, for labels and annotations."""
    return {storable(name): storable(value) for name, value in pairs.items()}


def one_line(text: str, longest: int) -> str:
    """The text on one line of at most `longest` characters; control characters become spaces.

    Line and paragraph separators count as control characters, and so do the marks that turn the
    direction of writing, with which a name can be made to look like another.
    """
    text = storable(text)
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    flat = " ".join(printable.split())
    return flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"
