"""What log files and systemd's journal have in common: the counters, and who is told of matches."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.sample import Family

MATCHES = Family("log_matches_total", "counter", "Lines of a log file, or entries of the journal, that a pattern fits.")
LINES = Family("log_lines_total", "counter", "Lines of a log file, or entries of the journal, that were read.")

# Where it was found, as attributes of an event; the pattern's name; how many in this round; the first of them.
Matched = Callable[[Mapping[str, str], str, int, bytes], None]
