"""Taking in one push: decompress, decode, store, account for it. Knows nothing of HTTP."""

from __future__ import annotations

import asyncio
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from collector.ingest.births import Births
from collector.ingest.copies import copy_taken
from collector.ingest.decode import Decoded, Decoder
from collector.ingest.headers import PushHeaders
from collector.ingest.limits import IngestLimits
from collector.ingest.metadata import MetadataStore
from collector.ingest.metrics import IngestMetrics
from collector.ingest.outcome import Outcome
from collector.ingest.pressure import Pressure
from collector.ingest.quiet import Quiet
from collector.ingest.sequence import Sequences
from collector.ingest.skew import Skews
from collector.ingest.snappy import decompress, decompress_into, decompressed_size
from collector.ingest.template import Repeated, Templates
from collector.series.store import UNKNOWN, SeriesStore
from core.clock import Clock
from rules.source import Ids, Times

_INLINE_BYTES = 1 << 20  # decompressed; a larger body is decoded in a thread
_INLINE_UNSTEADY = 200  # series that need the protobuf decoder; more go to a thread too
_SAMPLES_A_STEP = 16_384  # appended before other requests get their turn
_BIRTHS_A_STEP = 512
_NONE = np.zeros(0, np.int64)
_QUIET_SECONDS = 60.0  # between two lines of log about one sender's refused samples


class Ingest:
    """The way of a push into the store; one per collector."""

    def __init__(self, store: SeriesStore, clock: Clock, metrics: IngestMetrics, limits: IngestLimits) -> None:
        self.limits = limits
        self.metrics = metrics
        self.pressure = Pressure(limits.in_flight_bytes)
        self.quiet = Quiet(_QUIET_SECONDS)
        self._store = store
        self._clock = clock
        self._births = Births(limits.new_series_per_second)
        self.metadata = MetadataStore()
        self._sequences = Sequences()
        self._skews = Skews()
        self._decoder = Decoder(store.find, limits)
        self._templates = Templates(limits.template_bytes)
        self._scratch = np.empty(_INLINE_BYTES, np.uint8)
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        metrics.in_flight.set_function(lambda: self.pressure.in_flight)
        metrics.series.set_function(lambda: len(store))
        metrics.metadata.set_function(lambda: len(self.metadata))

    async def write(self, compressed: bytes, headers: PushHeaders, sender: str, received_ms: int) -> Outcome:
        """Take in one push; pushes of one sender are stored in the order of these calls.

        Args:
            compressed: the body, one snappy block.
            headers: what an agent said about it.
            sender: on whose account new series go.
            received_ms: when it arrived, by the collector's clock.

        Raises:
            InvalidInput: the body is malformed or too large; nothing was stored.
            Overloaded: there is no room to decompress it now, or the sender brings new series too fast.
            StorageError: the disk is full; nothing was acknowledged.
        """
        shift_ms = self._shift(headers, received_ms)
        outcome = None
        if sender not in self._turns and not self._is_replay(headers):
            outcome = self._take_repeated(compressed, sender, shift_ms)
        if outcome is None:
            async with self._turn(sender):
                if self._is_replay(headers):
                    self.metrics.replayed.inc()
                    return Outcome(replayed=True)
                size = decompressed_size(compressed, self.limits)
                with self.pressure.hold(size):
                    outcome = await self._take(compressed, size, sender, shift_ms)
        if headers.sequence is not None:
            self._sequences.record(headers.agent, headers.boot, headers.sequence)
        self._account(outcome)
        return outcome

    async def take(self, decode: Callable[[], Decoded], sender: str) -> Outcome:
        """Take in a push of another protocol, in the order of these calls as `write` does.

        Args:
            decode: makes the samples, in a thread; their ids are looked up here.
            sender: on whose account new series go.

        Raises:
            InvalidInput: by `decode`; nothing was stored.
            Overloaded: the sender brings new series too fast.
            StorageError: the disk is full; nothing was acknowledged.
        """
        async with self._turn(sender):
            decoded = await asyncio.to_thread(decode)
            retirements = self._store.retirements
            known = replace(decoded, ids=self._store.find(decoded.keys))
            ids = await self._resolve(known, sender, retirements)
            outcome = await self._append(decoded, ids, sender, 0)
            if self._store.tee is not None:
                await copy_taken(self._store.tee, decoded, outcome.refused_at, 0)
        self._account(outcome)
        return outcome

    def _is_replay(self, headers: PushHeaders) -> bool:
        return headers.sequence is not None and self._sequences.seen(headers.agent, headers.boot, headers.sequence)

    def _turn(self, sender: str) -> asyncio.Lock:
        """Held while a push of this sender is taken in."""
        turn = self._turns.get(sender)
        if turn is None:
            turn = self._turns[sender] = asyncio.Lock()
        return turn

    def _shift(self, headers: PushHeaders, received_ms: int) -> int:
        if headers.sent_at_ms is None:
            return 0
        skew_ms = received_ms - headers.sent_at_ms
        self.metrics.show_skew(headers.agent, skew_ms / 1000)
        return self._skews.shift_ms(headers.agent, headers.boot, skew_ms)

    def _take_repeated(self, compressed: bytes, sender: str, shift_ms: int) -> Outcome | None:
        """Take in a push of a known layout without ado; None, and nothing is done, for any other.

        Nothing else runs meanwhile, so it needs no turn, and no room beside the scratch.
        """
        size, tee = decompressed_size(compressed, self.limits), self._store.tee
        if size > _INLINE_BYTES or (tee and shift_ms) or not self._templates.has(sender, size):
            return None
        found = self._match(compressed, size, sender)
        if found is None or len(found.values) > _SAMPLES_A_STEP:
            return None
        run, times = found.layout.run, found.times + shift_ms
        if run is not None and self._store.append_next(run, times, found.values):
            if tee is not None:
                tee.whole(compressed, len(found.values))
            return Outcome(samples=len(found.values), accepted=len(found.values))
        if tee is not None:  # a copy of some of the samples takes its time
            return None
        decoded = found.decoded()
        outcome = Outcome(samples=decoded.samples)
        self._append_step(outcome, decoded, decoded.ids, decoded.times + shift_ms, 0)
        return outcome

    def _match(self, compressed: bytes, size: int, sender: str) -> Repeated | None:
        """What a push of a known layout brings; of any other one the scratch holds the body."""
        scratch = self._scratch[:size]
        decompress_into(compressed, scratch)
        return self._templates.match(sender, scratch, self._store.retirements)

    async def _take(self, compressed: bytes, size: int, sender: str, shift_ms: int) -> Outcome:
        retirements = self._store.retirements
        decoded = await self._decode(compressed, size, sender)
        if decoded.metadata:
            self.metrics.metadata_dropped.inc(self.metadata.take(decoded.metadata, sender))
        ids = await self._resolve(decoded, sender, retirements)
        outcome = await self._append(decoded, ids, sender, shift_ms)
        if self._store.tee is not None:
            whole = compressed if decoded.steady and not shift_ms and not outcome.refused else None
            await copy_taken(self._store.tee, decoded, outcome.refused_at, shift_ms, whole)
        return outcome

    async def _decode(self, compressed: bytes, size: int, sender: str) -> Decoded:
        """Decode here what takes a millisecond or two, and everything else in a thread."""
        if size > _INLINE_BYTES:
            return await asyncio.to_thread(lambda: self._decoder.decode(decompress(compressed)))
        found = self._match(compressed, size, sender)
        if found is not None:
            return found.decoded()
        body = self._scratch[:size].tobytes()
        split = self._decoder.split(body)
        if split.unsteady > _INLINE_UNSTEADY:
            return await asyncio.to_thread(self._decoder.finish, split)
        decoded = self._decoder.finish(split)
        if decoded.steady:
            self._templates.learn(sender, body, decoded)
        return decoded

    async def _resolve(self, decoded: Decoded, sender: str, retirements: int) -> Ids:
        """The ids of the push's keys under the store's present state, unknown ones born a few at a time."""
        ids = decoded.ids
        unknown = _NONE if decoded.steady else np.flatnonzero(ids == UNKNOWN)
        if len(unknown):
            self._births.check(sender, self._clock.monotonic())
        for start in range(0, len(unknown), _BIRTHS_A_STEP):
            part = unknown[start : start + _BIRTHS_A_STEP]
            ids[part] = self._store.resolve_keys([decoded.keys[at] for at in part.tolist()], sender=sender)
            self._births.count(sender, int((ids[part] >= 0).sum()), self._clock.monotonic())
            await asyncio.sleep(0)
        if self._store.retirements != retirements:
            return self._store.resolve_keys(decoded.keys, sender=sender)
        return ids

    async def _append(self, decoded: Decoded, ids: Ids, sender: str, shift_ms: int) -> Outcome:
        outcome = Outcome(samples=decoded.samples, refused=Counter(decoded.refused), faults=list(decoded.faults))
        times = decoded.times + shift_ms if shift_ms else decoded.times
        retirements = self._store.retirements
        for start in range(0, len(times), _SAMPLES_A_STEP):
            if start:
                await asyncio.sleep(0)
            if self._store.retirements != retirements:
                retirements = self._store.retirements
                ids = self._store.resolve_keys(decoded.keys, sender=sender)
            self._append_step(outcome, decoded, ids, times, start)
        return outcome

    def _append_step(self, outcome: Outcome, decoded: Decoded, ids: Ids, times: Times, start: int) -> None:
        """Append the samples of one step and note what became of them."""
        step = slice(start, start + _SAMPLES_A_STEP)
        rows = ids[step] if decoded.steady else ids[decoded.series[step]]
        outcome.add(self._store.append(rows, times[step], decoded.values[step]), decoded, start)

    def _account(self, outcome: Outcome) -> None:
        self.metrics.samples.inc(outcome.accepted)
        if outcome.late:
            self.metrics.late.inc(outcome.late)
        if outcome.duplicates:
            self.metrics.duplicates.inc(outcome.duplicates)
        if outcome.refused:
            self.metrics.refuse(outcome.refused)
