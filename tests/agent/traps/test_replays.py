from __future__ import annotations

from agent.traps.replays import Replays


def test_a_sender_s_clock_never_goes_back() -> None:
    replays = Replays()
    told = [(3, 1000), (3, 1000), (3, 851), (3, 849), (2, 9999), (4, 0), (3, 5000), (4, 1), (2**31 - 1, 1)]
    assert [replays.is_replay(b"engine", *one) for one in told] == [
        False, False, False, True, True, False, True, False, True,
    ]  # fmt: skip
    assert not replays.is_replay(b"another", 1, 1)
