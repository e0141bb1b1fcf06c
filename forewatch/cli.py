"""The one entry point `forewatch`: finds the command's module, imports nothing else.

Each module named here has `add_arguments(parser)`, which declares its sub-commands and sets `run`, a
function of the parsed arguments that returns the exit status: 0 fine, 1 what was checked is wrong, 2 bad
usage or configuration.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from core import log
from core.errors import ConfigError

# command: (module, help)
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("forewatch.up", "everything on this machine: collector and an agent for this host"),
    "collector": ("collector.commands", "run, check or migrate the server"),
    "agent": ("agent.commands", "run, check or enrol an agent; collect once"),
    "rules": ("collector.rules_commands", "check, test and backtest rule files"),
    "cmdb": ("collector.cmdb_commands", "import, export and audit the register"),
    "discovery": ("collector.discovery.commands", "see and decide what discovery proposes"),
    "targets": ("collector.agents.target_commands", "see and set what agents are told to poll"),
    "token": ("collector.access.token_commands", "create access tokens"),
    "user": ("collector.access.user_commands", "add people"),
}

_OUTPUT_ERRORS = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO})
_OURS = frozenset({"agent", "cmdb", "collector", "configs", "console", "core", "desk", "forewatch", "rules"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    try:
        return _run(argv)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _OURS:
            raise  # a fault in the program, not in the installation
        if error.name in sys.stdlib_module_names:  # no package brings it: Python has it on other systems only
            print(f"this command does not run on {sys.platform}, which has no {error.name}", file=sys.stderr)
            return 2
        # The agent alone comes without the server's libraries.
        print(f"this command needs the server, and {error.name} is not installed", file=sys.stderr)
        print("install it with: pip install 'forewatch[collector]'", file=sys.stderr)
        return 2


def _run(argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="forewatch", description="Forewatch 未雨: from angry phone calls to incidents that open themselves."
    )
    parser.add_argument("--version", action=_Version)
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in arguments if word in COMMANDS), None)
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == chosen:
            _load(module).add_arguments(command)
    parsed = parser.parse_args(arguments)
    log.configure(parsed.log_level)
    try:
        status = int(parsed.run(parsed))
        sys.stdout.flush()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS or error.filename is not None:
            raise
        return _output_lost(error)
    return status


def _output_lost(error: OSError) -> int:
    """The answer has nowhere to go: `| head` has seen enough, and needs no word, or the disk of `> FILE` is full."""
    if error.errno != errno.EPIPE:
        print(f"the output cannot be written: {error.strerror}", file=sys.stderr)
    with contextlib.suppress(OSError):  # what is still in the buffer would fail once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


class _Version(argparse.Action):
    """Says which version is installed and ends; it is looked up only then."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata  # noqa: PLC0415 - it takes long to load, and no other command needs it

        print(f"forewatch {metadata.version('forewatch')}")
        parser.exit()


def _load(name: str) -> ModuleType:
    """A command's module; what modules make stays, so a tenth of the time is saved by not searching it for garbage."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main())
