"""In a process of its own, because it is about the process."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, sys
from collector import interpreter
interpreter.tune()
print(gc.get_threshold() == interpreter.THRESHOLDS, sys.getswitchinterval() < 0.001)
"""


def test_full_collections_are_rare_and_no_thread_holds_the_lock_for_long() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
