"""A template decodes as `decode` does, or leaves it to it."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collector.ingest.decode import Decoder
from collector.ingest.limits import IngestLimits
from collector.ingest.template import Templates
from core.labels import labels
from core.remote_write import STALE_NAN, encode_labels, encode_write_request
from tests.collector.ingest.messages import field, find_in

LIMITS = IngestLimits()
SETS = [labels(__name__="up", instance=f"i{n}", note="x" * length) for n, length in enumerate([1, 5, 90, 130, 20_000])]
KNOWN = {encode_labels(of): 10 + n for n, of in enumerate(SETS)}
KEYS = list(KNOWN)
DECODER = Decoder(find_in(KNOWN), LIMITS)
NOW = 1_760_000_000_000


def columns(decoded):
    return (
        [decoded.keys[at] for at in decoded.series.tolist()],
        decoded.ids[decoded.series].tolist(),
        decoded.times.tolist(),
        struct.pack(f"<{len(decoded.values)}d", *decoded.values),
    )


def learnt(body: bytes, *, times: int = 2, max_bytes: int = 1 << 20) -> Templates:
    templates = Templates(max_bytes)
    for _ in range(times):
        if match(templates, body) is None:
            templates.learn("a", body, DECODER.decode(body))
    return templates


def match(templates: Templates, body: bytes, *, sender: str = "a", retirements: int = 0):
    content = np.frombuffer(bytearray(body), np.uint8)
    found = templates.match(sender, content, retirements)
    assert found is not None or content.tobytes() == body, "what did not match is as it was"
    assert found is None or templates.has(sender, len(body))
    return None if found is None else found.decoded()


def push(order, values, at=NOW) -> bytes:
    return encode_write_request((KEYS[n], value, at) for n, value in zip(order, values, strict=True))


orders = st.lists(st.integers(0, 4), min_size=1, max_size=6)
floats = st.floats() | st.just(STALE_NAN)


@given(orders, st.data(), st.integers(2**35, 2**42 - 1))
def test_a_repeated_layout_decodes_by_its_template_as_without(order, data, at) -> None:
    first, second = (data.draw(st.lists(floats, min_size=len(order), max_size=len(order))) for _ in range(2))
    templates = learnt(push(order, first))
    body = push(order, second, at)
    found = match(templates, body)
    assert found is not None
    assert columns(found) == columns(DECODER.decode(body))


@given(orders, st.data())
def test_samples_of_different_times_decode_by_a_template_as_without(order, data) -> None:
    """Or of one time: that is decoded once for all."""
    times = data.draw(st.lists(st.integers(2**35, 2**42 - 1), min_size=1, max_size=len(order)))
    body = encode_write_request((KEYS[n], 1.5, times[at % len(times)]) for at, n in enumerate(order))
    found = match(learnt(push(order, [1.5] * len(order))), body)
    assert found is not None
    assert columns(found) == columns(DECODER.decode(body))


@given(orders, st.data())
def test_a_body_changed_anywhere_decodes_as_without_a_template(order, data) -> None:
    body = bytearray(push(order, [1.5] * len(order)))
    templates = learnt(bytes(body))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    found = match(templates, bytes(body))
    if found is not None:
        assert columns(found) == columns(DECODER.decode(bytes(body)))


@given(st.binary(max_size=40))
def test_noise_matches_nothing(noise) -> None:
    assert match(learnt(push([0], [1.0])), noise) is None


def test_only_a_layout_that_came_twice_is_kept() -> None:
    body = push([0, 1], [1.0, 2.0])
    assert match(learnt(body, times=1), body) is None
    assert match(learnt(body, times=2), body) is not None


def test_templates_are_a_senders_own_and_end_with_a_retirement() -> None:
    body = push([0, 1], [1.0, 2.0])
    templates = learnt(body)
    assert match(templates, body, sender="b") is None
    assert match(templates, body, retirements=1) is None, "ids may mean other series now"
    assert match(templates, body) is None, "and the template is gone"


def test_metadata_between_the_series_leaves_it_to_the_decoder() -> None:
    body = push([0], [1.0]) + field(3, b"\x08\x01") + push([1], [2.0])
    assert match(learnt(body, times=4), body) is None


def test_templates_keep_within_their_memory() -> None:
    bodies = [push([n, 1], [1.0, 2.0]) for n in (0, 2, 3)]
    templates = Templates(600)
    for body in bodies:
        for _ in range(2):
            assert match(templates, body) is None
            templates.learn("a", body, DECODER.decode(body))
    assert match(templates, bodies[0]) is None, "the longest unused gave way"
    assert match(templates, bodies[2]) is not None


def test_look_alikes_that_never_match_are_given_up() -> None:
    """The same first series and length, another order behind it: templates of them would be made in vain."""
    one, other = push([0, 1, 1], [1.0, 2.0, 3.0]), None
    twin = labels(__name__="up", instance="j1", note="x" * 5)
    known = KNOWN | {encode_labels(twin): 99}
    other = encode_write_request([(KEYS[0], 1.0, NOW), (encode_labels(twin), 2.0, NOW), (KEYS[1], 3.0, NOW)])
    assert len(one) == len(other)
    templates = Templates(1 << 20)
    for _ in range(10):
        for body in (one, other):
            assert match(templates, body) is None
            templates.learn("a", body, Decoder(find_in(known), LIMITS).decode(body))
    assert not templates._templates
