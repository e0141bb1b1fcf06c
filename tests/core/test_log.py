from __future__ import annotations

import logging

from core.log import LogfmtFormatter, get_logger


def test_a_line_is_a_constant_message_with_fields_and_hostile_values_cannot_break_it(caplog) -> None:
    with caplog.at_level(logging.INFO):
        get_logger("collector.tick").info("rules reloaded", groups=7, device="evil\nname", empty="")
    line = LogfmtFormatter().format(caplog.records[0])
    assert line.endswith(r' info collector.tick: rules reloaded groups=7 device="evil\nname" empty=""')
    assert "\n" not in line


def test_an_exception_brings_its_traceback(caplog) -> None:
    try:
        int("boom")
    except ValueError:
        get_logger("x").exception("failed")
    assert "ValueError: invalid literal" in LogfmtFormatter().format(caplog.records[0])
