"""A file of definitions of traps: its shape, and what is wrong with it by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.traps.definition import UNKNOWN, Definition, Form, Object, Severity, State
from core.config import Duration, Finding, Section

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,9})){1,127}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_FIELD = re.compile(r"\{([^{}]*)\}")


class StateSection(Section, kw_only=True, frozen=True):
    """What an object's value says about the trouble; see `State`."""

    object: str
    ends: list[str] = []
    severities: dict[str, Severity] = {}

    def check(self) -> Iterator[Finding]:
        for value in self.ends:
            if value in self.severities:
                yield Finding(("severities", value), "is in ends too: with one value it is over or it is not")
        if not self.ends and not self.severities:
            yield Finding((), "needs ends, severities or both")


class TrapSection(Section, kw_only=True, frozen=True):
    """A trap; see `Definition`."""

    oid: str
    severity: Severity
    text: str = ""
    key: list[str] = []
    index: str | None = None
    clears: list[str] = []
    expire: Duration | None = None
    state: StateSection | None = None

    def check(self) -> Iterator[Finding]:
        if not _OID.fullmatch(self.oid):
            yield Finding(("oid",), f"{self.oid!r} is no OID; write one like 1.3.6.1.6.3.1.1.5.3")
        if len(self.text) > 400:
            yield Finding(("text",), "must have at most 400 characters")

    def objects(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The objects that it speaks of, each with where it does so."""
        for found in _FIELD.findall(self.text):
            for name in found.split("|"):
                yield ("text",), name
        for place, name in enumerate(self.key):
            yield ("key", place), name
        if self.index is not None:
            yield ("index",), self.index
        if self.state is not None:
            yield ("state", "object"), self.state.object

    def definition(self, name: str, *, alerts: bool) -> Definition:
        """The definition that it is, under a name."""
        state = self.state
        return Definition(
            name, self.oid, self.severity, self.text, tuple(self.key), self.index, tuple(self.clears),
            None if self.expire is None else float(self.expire), alerts,
            State(state.object, frozenset(state.ends), state.severities) if state else None,
        )  # fmt: skip


class ObjectSection(Section, kw_only=True, frozen=True):
    """An object; see `Object`."""

    oid: str
    words: dict[str, str] = {}
    form: Form | None = None

    def check(self) -> Iterator[Finding]:
        if not _OID.fullmatch(self.oid):
            yield Finding(("oid",), f"{self.oid!r} is no OID")
        for value in self.words:
            if not _NUMBER.fullmatch(value) and not _OID.fullmatch(value):
                yield Finding(("words", value), "must be a whole number or an OID")

    def object(self, name: str) -> Object:
        """The object that it is, under a name."""
        words = {int(value) if _NUMBER.fullmatch(value) else value: word for value, word in self.words.items()}
        return Object(name, self.oid, words, self.form)


class CatalogueFile(Section, kw_only=True, frozen=True):
    """One file: traps and objects by their names in the MIB."""

    traps: dict[str, TrapSection] = {}
    objects: dict[str, ObjectSection] = {}

    def check(self) -> Iterator[Finding]:
        for kind, names in (("traps", self.traps), ("objects", self.objects)):
            for name in names:
                if not _NAME.fullmatch(name) or name == UNKNOWN:
                    yield Finding((kind, name), "is no name; use letters, digits, dashes, underscores")
