from __future__ import annotations

from pathlib import Path

import pytest

from agent.traps.identity import begin
from core.errors import StorageError


def test_the_engine_s_id_stays_and_its_starts_are_counted(tmp_path: Path) -> None:
    first, second = begin(tmp_path / "traps"), begin(tmp_path / "traps")
    assert first.engine_id == second.engine_id
    assert (first.boots, second.boots) == (1, 2)
    assert 5 <= len(first.engine_id) <= 32
    assert first.engine_id[0] & 0x80


@pytest.mark.parametrize("text", ["", "{", '{"engine_id": "zz", "boots": 1}', '{"engine_id": "8000", "boots": 1}'])
def test_a_damaged_file_is_an_engine_of_its_own(tmp_path: Path, text: str) -> None:
    (tmp_path / "engine.json").write_text(text)
    assert begin(tmp_path).boots == 1
    assert begin(tmp_path).boots == 2


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file/engine\.json cannot be written"):
        begin(tmp_path / "file")
