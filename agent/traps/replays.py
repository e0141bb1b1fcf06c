"""Messages of version 3 that were recorded and sent again: a sender's clock never goes back.

RFC 3414 section 3.2 (7b): not in the time window is what is older by more than 150 seconds than what was heard of the
sender's engine before, or of an earlier start of it.
"""

from __future__ import annotations

from collections import OrderedDict

WINDOW_SECONDS = 150
MOST_ENGINES = 10_000
_LAST_BOOT = 2**31 - 1


class Replays:
    """The newest (boots, time) of each sender's engine since this process began; what is older is refused."""

    def __init__(self) -> None:
        self._newest: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def is_replay(self, engine_id: bytes, boots: int, time: int) -> bool:
        """Whether a message that was authenticated is too old; it is remembered otherwise."""
        known = self._newest.get(engine_id)
        if boots >= _LAST_BOOT:
            return True
        if known is not None and (boots, time + WINDOW_SECONDS) < known:
            return True
        if known is None or (boots, time) > known:
            self._newest[engine_id] = (boots, time)
        self._newest.move_to_end(engine_id)
        if len(self._newest) > MOST_ENGINES:
            self._newest.popitem(last=False)
        return False
