"""Cores that a backend may use are those that this process may run on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.detect.cores import is_overloaded, saturates_int8, usable_cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to cores"
)


@pytest.fixture
def allowed() -> Iterator[set[int]]:
    before = os.sched_getaffinity(0)
    yield before
    os.sched_setaffinity(0, before)


def test_counts_what_the_process_is_allowed(allowed: set[int]) -> None:
    assert usable_cores() == len(allowed)


def test_heeds_being_bound_to_one_core(allowed: set[int]) -> None:
    os.sched_setaffinity(0, {min(allowed)})

    assert usable_cores() == 1


@pytest.mark.parametrize(
    ("machine", "flags", "saturates"),
    [
        ("x86_64", "fpu sse avx avx2 fma", True),
        ("x86_64", "fpu avx2 avx_vnni", False),
        ("AMD64", "avx512f avx512_vnni", False),
        ("x86_64", "avx512f amx_int8", False),
        ("aarch64", "fpu", False),
    ],
)
def test_vnni_adds_int8_in_32_bits(
    tmp_path: Path, machine: str, flags: str, saturates: bool
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"model name : x\nflags\t\t: {flags}\nbugs : \n", encoding="utf-8")
    assert saturates_int8(machine, info) is saturates


def test_an_unknown_x86_is_taken_for_an_old_one(tmp_path: Path) -> None:
    assert saturates_int8("x86_64", tmp_path / "none")
    assert isinstance(saturates_int8(), bool)


@pytest.mark.parametrize(("load", "expected"), [(0.5, False), (100.0, True)])
def test_knows_when_others_take_the_cores(
    monkeypatch: pytest.MonkeyPatch, load: float, *, expected: bool
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert is_overloaded() is expected
