from __future__ import annotations

import importlib
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from forewatch.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_exists_and_has_help(command, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_a_faulty_configuration_is_told_by_file_and_line_and_exits_2(tmp_path, capsys) -> None:
    config = tmp_path / "collector.yaml"
    config.write_text("data_dir: x\nlisten: [1]\ncolour: red\n")
    assert main(["collector", "migrate", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert f"{config}:3: colour: unknown key" in said
    assert f"{config}:2: listen: must be text" in said


@pytest.mark.parametrize(
    ("sink", "said", "why"),
    [
        ("/dev/full", "the output cannot be written: No space left on device\n", "a full disk"),
        ("pipe", "", "`| head` has seen enough"),
    ],
)
def test_output_that_goes_nowhere_leaves_no_traceback(tmp_path: Path, sink: str, said: str, why: str) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("groups: []\n")
    if sink == "pipe":
        reading, writing = os.pipe()
        os.close(reading)
    else:
        writing = os.open(sink, os.O_WRONLY)
    command = [sys.executable, "-m", "forewatch.cli", "rules", "check", str(rules)]
    try:
        ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, said), why


def test_the_version_is_told(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"forewatch {metadata.version('forewatch')}\n"


def test_an_unknown_command_exits_2() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2


def test_the_agent_s_commands_load_none_of_the_server_s_libraries() -> None:
    heavy = (
        "aiohttp",
        "prometheus_client",
        "numpy",
        "sqlalchemy",
        "google.protobuf",
        "jinja2",
        "alembic",
        "promql_parser",
    )
    script = (
        "import sys; from forewatch.cli import main\ntry: main(['agent', '--help'])\nexcept SystemExit: pass\n"
        f"sys.exit(' '.join(name for name in {heavy!r} if name in sys.modules) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    assert ended.returncode == 0


def test_every_command_s_module_declares_arguments() -> None:
    for module, summary in COMMANDS.values():
        assert callable(importlib.import_module(module).add_arguments)
        assert summary


@pytest.mark.parametrize("command", [["up"], ["rules", "check", "x.yaml"], ["collector", "run", "--config", "x.yaml"]])
def test_a_server_s_command_on_an_agent_s_installation_says_what_to_install(command, tmp_path) -> None:
    script = (
        "import sys; sys.modules['numpy'] = sys.modules['sqlalchemy'] = None\n"
        f"from forewatch.cli import main\nsys.exit(main({command!r}))"
    )
    run = [sys.executable, "-c", script]
    ended = subprocess.run(
        run, capture_output=True, text=True, check=False, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}
    )
    assert ended.returncode == 2
    assert "pip install 'forewatch[collector]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_command_for_other_systems_says_so(tmp_path) -> None:
    script = "import sys; sys.modules['fcntl'] = None\nfrom forewatch.cli import main\nsys.exit(main(['up']))"
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == f"this command does not run on {sys.platform}, which has no fcntl\n"
