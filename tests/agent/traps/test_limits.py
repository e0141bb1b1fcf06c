from __future__ import annotations

from agent.traps.limits import MOST_SOURCES, Drop, Limits, plain_address


def limits(*, allow: tuple[str, ...] = (), rate: float = 10, burst: float = 20, total_rate: float = 50) -> Limits:
    return Limits(allow, ["10.0.0.1"], rate=rate, burst=burst, total_rate=total_rate)


def taken(of: Limits, source: str, count: int, now: float) -> int:
    return sum(of.judge(source, now) is None for _ in range(count))


def test_a_source_may_burst_and_then_keeps_its_rate() -> None:
    one = limits()
    assert taken(one, "10.0.0.9", 1000, 0.0) == 20
    assert taken(one, "10.0.0.9", 1000, 1.0) == 10
    assert one.judge("10.0.0.9", 1.0) is Drop.SOURCE_RATE
    assert taken(one, "10.0.0.8", 5, 1.0) == 5, "another source is another"


def test_addresses_that_are_made_up_do_not_silence_a_device_that_is_polled() -> None:
    one = limits()
    told = [one.judge(f"10.1.{n // 250}.{n % 250}", 0.0) for n in range(1000)]
    assert told.count(None) == 100
    assert told[-1] is Drop.TOTAL_RATE
    assert taken(one, "10.0.0.1", 10, 0.0) == 10


def test_only_allowed_networks_may_send() -> None:
    one = limits(allow=("10.0.0.0/24", "fd00::/8"))
    assert one.judge("10.0.0.9", 0.0) is None
    assert one.judge("fd00::1", 0.0) is None
    assert one.judge("10.0.1.9", 0.0) is Drop.NOT_ALLOWED


def test_sources_are_bounded() -> None:
    one = limits(total_rate=1e6)
    for n in range(MOST_SOURCES + 10):
        one.judge(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}", 0.0)
    assert len(one._buckets) == MOST_SOURCES


def test_addresses_are_spelled_in_one_way() -> None:
    assert plain_address("::ffff:10.0.0.1") == "10.0.0.1"
    assert plain_address("fe80::1%eth0") == "fe80::1"
    assert plain_address("10.0.0.1") == "10.0.0.1"
