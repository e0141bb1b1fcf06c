"""Copies of what the store took of a push, for whoever keeps samples longer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from collector.ingest.decode import Decoded
from collector.series.tee import Tee

_SAMPLES_A_STEP = 8_192  # encoded before other requests get their turn


async def copy_taken(
    tee: Tee, decoded: Decoded, refused_at: Sequence[int], shift_ms: int, whole: bytes | None = None
) -> None:
    """Give `tee` what the store has of a push now.

    What the store held already is given again: a process that was killed may not have come to it the first time.

    Args:
        tee: who gets it.
        decoded: the push.
        refused_at: the places of its samples that the store refused.
        shift_ms: what was added to their times.
        whole: the compressed request, when the store has all of it as it stands there.
    """
    if whole is not None:
        tee.whole(whole, decoded.samples)
        return
    taken = np.ones(len(decoded.times), np.bool_)
    taken[refused_at] = False
    places = np.flatnonzero(taken)
    for start in range(0, len(places), _SAMPLES_A_STEP):
        if start:
            await asyncio.sleep(0)
        part = places[start : start + _SAMPLES_A_STEP]
        keys = [decoded.keys[series] for series in decoded.series[part].tolist()]
        tee.some(keys, decoded.times[part] + shift_ms, decoded.values[part])
