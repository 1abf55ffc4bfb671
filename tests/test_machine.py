import os
from pathlib import Path

import pytest

from edgedet import machine


def test_the_board_comes_before_its_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = tmp_path / "model"
    board.write_bytes(b"NVIDIA Jetson Orin Nano Developer Kit\0")
    monkeypatch.setattr(machine, "_BOARD", board)
    assert machine.machine_name() == "NVIDIA Jetson Orin Nano Developer Kit"


def test_the_processor_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: Fast  CPU @ 2 GHz\nflags\t: avx\n", "utf-8")
    monkeypatch.setattr(machine, "_CPU_INFO", info)
    monkeypatch.setattr(machine, "_BOARD", tmp_path / "none")
    assert machine.machine_name() == "Fast CPU @ 2 GHz"


def test_a_processor_without_a_name_is_called_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_CPU_INFO", tmp_path / "none")
    assert machine.processor_name()


def test_the_memory_that_is_free_is_less_than_there_is() -> None:
    free = machine.free_memory_bytes()
    assert free is not None
    assert 1 << 20 < free < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
