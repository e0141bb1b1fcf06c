"""Central configuration: asks the collector what to poll besides the local file, and applies it without a restart.

A target that stays as it was keeps its state and its rhythm; one that changed begins anew, one that is gone ends with
stale markers, unless another agent reads it now. A document that cannot be used leaves the last good one in force, and
so does a collector that is away, even over a restart.
"""

from __future__ import annotations

import asyncio
import enum
import random as random_module
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from msgspec.structs import replace

from agent.config import AgentConfig, HostConfig, SnmpTarget
from agent.http import Answer, CollectorClient, Unreachable
from agent.own_events import OwnEvents
from agent.remote_config_document import Accepted, DocumentError, Entry, accept, decode
from agent.remote_config_file import MOST_BYTES, ConfigFile
from agent.runner import Runner
from agent.target import Target
from agent.targets import targets_of
from core.clock import Clock
from core.errors import ConfigError
from core.log import get_logger

log = get_logger(__name__)

CONFIG_PATH = "/api/v1/agents/config"
EVERY_SECONDS = 60.0
LEAST_SECONDS = 2.0  # between two requests, whatever the collector says
MOST_EVENTS = 50  # of refused targets that are told one by one


class ConfigOutcome(enum.StrEnum):
    """What came of a request for the configuration; values of the label `outcome`."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    BROKEN = "broken"  # an answer that is no configuration
    REFUSED = "refused"  # the collector does not know this agent, or is none
    UNREACHABLE = "unreachable"


class RemoteConfig:
    """Keeps the runner's remote targets as the collector wants them.

    Args:
        changed: told of all remote targets when they are others than before.
        random: numbers from [0, 1) for the jitter.
    """

    def __init__(
        self,
        config: AgentConfig,
        client: CollectorClient,
        runner: Runner,
        clock: Clock,
        events: OwnEvents,
        *,
        changed: Callable[[list[Target]], None],
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self.outcomes: Counter[ConfigOutcome] = Counter()
        self.refused: dict[str, str] = {}
        self.overridden = 0
        self.applied_at_ms: int | None = None
        self.targets: dict[str, tuple[Entry, Target]] = {}
        self._config = config
        self._client = client
        self._runner = runner
        self._clock = clock
        self._events = events
        self._changed = changed
        self._random = random
        self._file = ConfigFile(config.data_dir)
        self._tag = ""
        self._kept: bytes | None = None  # of an earlier run, not yet applied
        self._trouble = ""
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Ask for ever; what an earlier run was told is in force as soon as the collector does not say otherwise."""
        kept = self._file.read()
        if kept is not None:
            self._tag, self._kept = kept
        while True:
            self._news.clear()
            await self.step()
            await self._clock.sleep(LEAST_SECONDS)
            await self._wait(EVERY_SECONDS * (0.9 + 0.2 * self._random()) - LEAST_SECONDS)

    def hurry(self) -> None:
        """The collector says that there is news; it is asked as soon as that is decent."""
        self._news.set()

    async def _wait(self, seconds: float) -> None:
        waits = [asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._news.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def devices(self) -> list[SnmpTarget]:
        """The SNMP devices that the collector wants polled."""
        return [entry.section for entry, _ in self.targets.values() if isinstance(entry.section, SnmpTarget)]

    async def step(self) -> None:
        """Ask once, apply what is new."""
        outcome, trouble = await self._ask()
        self.outcomes[outcome] += 1
        if self._kept is not None and outcome is not ConfigOutcome.APPLIED:
            kept, self._kept = self._kept, None
            try:
                self._apply(kept)
            except DocumentError as error:
                log.warning("kept configuration is not used", reason=error)
                self._tag = ""
        if trouble and trouble != self._trouble:
            log.warning("no configuration from the collector, the last one stays", outcome=outcome, reason=trouble)
        self._trouble = trouble

    async def _ask(self) -> tuple[ConfigOutcome, str]:
        headers = {"Accept-Encoding": "gzip"} | ({"If-None-Match": self._tag} if self._tag else {})
        query = f"?{urlencode({'site': self._config.site})}" if self._config.site else ""
        try:
            answer = await self._client.get(CONFIG_PATH + query, headers, most=MOST_BYTES)
        except Unreachable as error:
            return ConfigOutcome.UNREACHABLE, str(error)
        if answer.status == 304:
            return ConfigOutcome.UNCHANGED, ""
        if answer.status != 200:
            outcome = ConfigOutcome.REFUSED if answer.status < 500 else ConfigOutcome.UNREACHABLE
            return outcome, f"HTTP {answer.status}"
        try:
            body = body_of(answer)
            self._apply(body)
        except DocumentError as error:
            return ConfigOutcome.BROKEN, str(error)
        self._kept, self._tag = None, answer.headers.get("etag", "")
        self._file.write(self._tag, body)
        return ConfigOutcome.APPLIED, ""

    def _apply(self, body: bytes) -> None:
        """Make the remote targets those of a document.

        Raises:
            DocumentError: it cannot be used; nothing changed.
        """
        accepted = accept(decode(body), self._config)
        new = {name: entry for name, entry in accepted.entries.items() if self._entry(name) != entry}
        built, unbuildable = self._build(new.values())
        accepted.refused.update(unbuildable)
        gone = self.targets.keys() - (accepted.entries.keys() - unbuildable.keys())
        for name in gone:
            self._runner.remove(self.targets.pop(name)[1], goes_on=name in accepted.moved)
        for name, target in built.items():
            before = self.targets.get(name)
            self.targets[name] = (new[name], target)
            self._runner.add(target, instead_of=None if before is None else before[1])
        self._note(accepted)
        if gone or built:
            log.info("central configuration applied", targets=len(self.targets), new=len(built), gone=len(gone))
            self._changed([target for _, target in self.targets.values()])

    def _entry(self, name: str) -> Entry | None:
        known = self.targets.get(name)
        return None if known is None else known[0]

    def _build(self, entries: Iterable[Entry]) -> tuple[dict[str, Target], dict[str, str]]:
        """A target of each entry, and why others cannot be any."""
        entries = list(entries)
        try:
            return {target.instance: target for target in self._targets(entries)}, {}
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one target must not cost the others, or the agent
            if len(entries) == 1:
                return {}, {entries[0].name: _spell(error)}
        built: dict[str, Target] = {}
        refused: dict[str, str] = {}
        for entry in entries:
            one, why = self._build([entry])
            built |= one
            refused |= why
        return built, refused

    def _targets(self, entries: list[Entry]) -> list[Target]:
        """As if the local file named these and nothing else, and had no credentials of its own."""
        devices = [one for one in entries if isinstance(one.section, SnmpTarget)]
        credentials = {one.name: one.credential for one in devices if one.credential is not None}
        sections = [replace(one.section, credential=one.name) for one in devices]
        probes = [one.section for one in entries if not isinstance(one.section, SnmpTarget)]
        snmp = replace(self._config.snmp, credentials=credentials, targets=sections)
        config = replace(self._config, host=HostConfig(enabled=False), snmp=snmp, probes=probes)
        return list(targets_of(config, self._clock))

    def _note(self, accepted: Accepted) -> None:
        self.applied_at_ms = self._clock.now_ms()
        self.overridden = len(accepted.overridden)
        news = [name for name, why in accepted.refused.items() if self.refused.get(name) != why]
        self.refused = dict(accepted.refused)
        for name in news[:MOST_EVENTS]:
            why = accepted.refused[name]
            self._events.say("config", "target of central configuration is refused", target=name, reason=why)
        if len(news) > MOST_EVENTS:
            self._events.say("config", f"{len(news) - MOST_EVENTS} more targets of central configuration are refused")


def _spell(error: Exception) -> str:
    """Why a target cannot be built, such as that its profile is not there."""
    if isinstance(error, ConfigError):
        return "; ".join(fault.message for fault in error.faults)
    log.error("target of central configuration cannot be built", exc_info=error)
    return f"cannot be read here: {type(error).__name__}"


def body_of(answer: Answer) -> bytes:
    """The body of an answer, decompressed where it is gzip.

    Raises:
        DocumentError: it is larger than any configuration, or no gzip.
    """
    body = answer.body
    if answer.headers.get("content-encoding", "").lower() == "gzip":
        inflater = zlib.decompressobj(wbits=31)
        try:
            body = inflater.decompress(body, MOST_BYTES)
        except zlib.error as error:
            raise DocumentError(f"is no gzip: {error}") from error
    if len(body) >= MOST_BYTES:
        raise DocumentError(f"is larger than {MOST_BYTES} bytes")
    return body
