from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.channels.message import compose, subject
from desk.outbox import Kind
from desk.priority import Priority
from tests.desk.cast import delivery

SENDER, RECIPIENTS = "Forewatch <forewatch@example.org>", ["ops@example.org"]
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"
}  # fmt: skip


def read_back(message: EmailMessage) -> EmailMessage:
    return email.message_from_bytes(message.as_bytes(), policy=email.policy.default)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.OPENED, "[P3] INC-000012 core-1: does not answer"),
        (Kind.REOPENED, "[P3 reopened] INC-000012 core-1: does not answer"),
        (Kind.ESCALATED, "[P3 escalated] INC-000012 core-1: does not answer"),
        (Kind.RESTORED, "[restored] INC-000012 core-1: does not answer"),
        (Kind.RESOLVED, "[resolved] INC-000012 core-1: does not answer"),
    ],
)
def test_the_subject_says_what_happened_to_what(kind: Kind, expected: str) -> None:
    assert subject(delivery(kind, priority=Priority.P3)) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [({"instance": "10.0.0.9"}, "[P1] INC-000012 10.0.0.9: down"), ({}, "[P1] INC-000012 down")],
)
def test_without_an_item_the_instance_is_named_if_there_is_one(labels: dict[str, str], expected: str) -> None:
    assert subject(delivery(ci=None, labels=labels, title="down")) == expected


HOSTILE = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from(
    [
        "x\r\nBcc: all@example.org", "x\nContent-Type: text/html\n\n<script>", "\r\n\r\nbody", "\x85Bcc: x",
        "=?utf-8?q?=0D=0ABcc:_x?=", "=??Q?=0D0",
    ]
)  # fmt: skip


@given(HOSTILE, HOSTILE)
def test_no_device_text_adds_a_header_or_a_line_to_one(title: str, label: str) -> None:
    message = read_back(compose(delivery(title=title, labels={"instance": label}, ci=None), SENDER, RECIPIENTS))
    assert set(message.keys()) == HEADERS
    assert message["To"] == "ops@example.org"
    assert len(str(message["Subject"]).splitlines()) == 1
    assert not message.defects


@given(HOSTILE)
def test_no_device_text_becomes_markup(text: str) -> None:
    message = read_back(compose(delivery(title=text, annotations={"summary": text}), SENDER, RECIPIENTS))
    part = message.get_body(("html",))
    assert part is not None
    rich = part.get_content()
    assert rich.count("<tr>") == rich.count("</tr>") == rich.count("<th ")
    assert "<script" not in rich


def test_long_lines_are_folded_as_smtp_wants_them() -> None:
    raw = compose(delivery(title="说" * 400, annotations={"description": "x" * 5000}), SENDER, RECIPIENTS).as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
