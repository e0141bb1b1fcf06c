"""One notification as a mail: plain text and HTML, labels in Chinese and English.

Names, titles and labels come from devices: in headers they are on one line, in HTML they are escaped.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any

from desk.channels.base import Delivery
from desk.outbox import Kind
from desk.text import one_line

_LONGEST_SUBJECT = 180
_LONGEST_VALUE = 1000

_HEADINGS = {
    Kind.OPENED: "新事件 New incident",
    Kind.REOPENED: "事件复发 Incident reopened",
    Kind.RESTORED: "已恢复 Restored",
    Kind.RESOLVED: "已解决 Resolved",
    Kind.ESCALATED: "事件升级 Incident escalated",
}
_TAGS = {
    Kind.OPENED: "{priority}",
    Kind.REOPENED: "{priority} reopened",
    Kind.ESCALATED: "{priority} escalated",
    Kind.RESTORED: "restored",
    Kind.RESOLVED: "resolved",
}


def compose(delivery: Delivery, sender: str, recipients: list[str]) -> EmailMessage:
    """The message of one notification; the same notification always has the same Message-ID."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = subject(delivery)
    message["Date"] = format_datetime(delivery.created_at)
    message["Message-ID"] = message_id(delivery.key, domain)
    if delivery.thread_key != delivery.key:
        opening = message_id(delivery.thread_key, domain)
        message["In-Reply-To"] = opening
        message["References"] = opening
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    rows = _rows(delivery.payload)
    heading = _HEADINGS[delivery.kind]
    message.set_content("\n".join([heading, "", *(f"{label}: {value}" for label, value in rows), ""]))
    message.add_alternative(_html(heading, rows), subtype="html")
    return message


def subject(delivery: Delivery) -> str:
    """`[P1] INC-000012 core-1: …`, `[restored] INC-000012 core-1: …`."""
    incident = delivery.payload["incident"]
    tag = _TAGS[delivery.kind].format(priority=incident["priority"])
    thing = _thing(incident)
    text = f"[{tag}] {incident['number']} {thing + ': ' if thing else ''}{incident['title']}"
    # `=?` begins an encoded word (RFC 2047), which the mail library would decode: to a line break, for one.
    return one_line(text, _LONGEST_SUBJECT).replace("=?", "= ?")


def message_id(key: str, domain: str) -> str:
    """A Message-ID (RFC 5322 §3.6.4) that follows from an idempotency key."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def _thing(incident: Mapping[str, Any]) -> str:
    """The name of what it is about: the item's, or else the instance's."""
    ci = incident.get("ci") or {}
    return str(ci.get("name") or incident["labels"].get("instance", ""))


def _rows(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of each line; what is not known is left out."""
    incident = payload["incident"]
    annotations = incident["annotations"]
    ci = incident.get("ci")
    labels = ", ".join(f"{name}={value}" for name, value in sorted(incident["labels"].items()))
    stated = [
        ("编号 Number", incident["number"]),
        ("标题 Title", incident["title"]),
        ("优先级 Priority", f"{incident['priority']} ({incident['impact']} × {incident['urgency']})"),
        ("状态 State", incident["state"]),
        ("配置项 Configuration item", f"{ci['name']} ({ci['code']}, {ci['class']})" if ci else ""),
        ("受影响业务 Services", ", ".join(incident["services"])),
        ("规则 Rule", incident["rule"]),
        ("说明 Description", annotations.get("description") or annotations.get("summary")),
        ("处置手册 Runbook", annotations.get("runbook_url")),
        ("发现时间 Opened", incident["opened_at"]),
        ("恢复时间 Restored", incident["restored_at"]),
        ("解决时间 Resolved", incident["resolved_at"]),
        ("负责人 Assignee", incident["assignee"]),
        ("处理结果 Solution", incident["solution"]),
        ("标签 Labels", labels),
        ("链接 Link", payload["alerts"][0]["generatorURL"]),
    ]
    return [(label, one_line(str(value), _LONGEST_VALUE)) for label, value in stated if value]


def _html(heading: str, rows: list[tuple[str, str]]) -> str:
    lines = "".join(
        f'<tr><th align="left" valign="top">{html.escape(label)}</th><td>{html.escape(value)}</td></tr>\n'
        for label, value in rows
    )
    head = f'<html lang="zh"><body><h3>{html.escape(heading)}</h3>\n'
    return f'{head}<table cellpadding="4">\n{lines}</table></body></html>\n'
