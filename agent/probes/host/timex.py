"""How the kernel keeps its clock in step: adjtimex(2)."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

from agent.probes.host.collector import Host
from agent.probes.host.table import counter, gauge
from agent.sample import Sample, Series, pair

# struct timex of <linux/timex.h>: modes, offset, freq, maxerror, esterror, status, constant, precision, tolerance,
# time, tick, ppsfreq, jitter, shift, stabil, jitcnt, calcnt, errcnt, stbcnt, tai, and room for more.
_TIMEX = struct.Struct("@I4li3l2l3li5li44x")
_ERROR = 5  # TIME_ERROR
_NANOSECONDS = 0x2000  # STA_NANO
_PPM = 1_000_000 * 65_536.0  # of a 16.16 fixed-point number of parts per million

_SERIES = tuple(
    map(
        Series,
        (
            gauge("node_timex_offset_seconds", "How far the clock is from what it is steered to."),
            gauge("node_timex_frequency_adjustment_ratio", "How much faster the clock is made to run."),
            gauge("node_timex_maxerror_seconds", "How far the clock may be off."),
            gauge("node_timex_estimated_error_seconds", "How far the clock is thought to be off."),
            gauge("node_timex_status", "Bits of status, adjtimex(2)."),
            gauge("node_timex_loop_time_constant", "Time constant of the loop that steers the clock."),
            gauge("node_timex_tick_seconds", "Seconds between ticks."),
            gauge("node_timex_pps_frequency_hertz", "Frequency of the pulses of a reference clock."),
            gauge("node_timex_pps_jitter_seconds", "Jitter of the pulses."),
            gauge("node_timex_pps_shift_seconds", "Time over which pulses are averaged."),
            gauge("node_timex_pps_stability_hertz", "Stability of the pulses."),
            counter("node_timex_pps_jitter_total", "Pulses with too much jitter."),
            counter("node_timex_pps_calibration_total", "Times the clock was calibrated by pulses."),
            counter("node_timex_pps_error_total", "Errors of such calibrations."),
            counter("node_timex_pps_stability_exceeded_total", "Times the pulses were too unstable."),
            gauge("node_timex_tai_offset_seconds", "TAI less UTC, 0 when the kernel was not told."),
            gauge("node_timex_sync_status", "Whether the clock is synchronised."),
        ),
    )
)

Ask = Callable[[], tuple[int, bytes]]


def timex_values(state: int, data: bytes) -> tuple[float, ...]:
    """The series' values of what adjtimex(2) returned and wrote."""
    (_, offset, freq, maxerror, esterror, status, constant, _, _, _, _, tick, ppsfreq, jitter, shift, stabil, jitcnt,
     calcnt, errcnt, stbcnt, tai) = _TIMEX.unpack_from(data)  # fmt: skip
    fine = 1e9 if status & _NANOSECONDS else 1e6
    return (
        offset / fine,
        1 + freq / _PPM,
        maxerror / 1e6,
        esterror / 1e6,
        status,
        constant,
        tick / 1e6,
        ppsfreq / _PPM,
        jitter / fine,
        shift,
        stabil / _PPM,
        jitcnt,
        calcnt,
        errcnt,
        stbcnt,
        tai,
        float(state != _ERROR),
    )


def adjtimex() -> Ask:
    """A function that asks the kernel and changes nothing (`modes` is 0)."""
    import ctypes  # noqa: PLC0415 - only where it is used: it is not small

    library = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(_TIMEX.size)
    call = library.adjtimex

    def ask() -> tuple[int, bytes]:
        ctypes.memset(buffer, 0, _TIMEX.size)
        state = call(buffer)
        if state < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"adjtimex: {os.strerror(number)}")
        return state, buffer.raw

    return ask


class TimexCollector:
    """`node_timex_…`; `node_timex_sync_status` is 0 while nobody keeps the clock in step."""

    def __init__(self, _host: Host, ask: Ask | None = None) -> None:
        self._ask = ask

    async def collect(self) -> list[Sample]:
        if self._ask is None:
            self._ask = adjtimex()
        return list(pair(_SERIES, timex_values(*self._ask())))
