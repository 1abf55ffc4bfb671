"""A program that prints what trtexec prints."""

from pathlib import Path

import pytest

from edgedet.commands.bench.trtexec import find_trtexec, measure_trtexec, read_output
from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from tests.detect.tiny_bundle import make_tiny_bundle

SUMMARY = """\
[07/30/2024-15:30:36] [I] === Performance summary ===
[07/30/2024-15:30:36] [I] Throughput: 130.298 qps
[07/30/2024-15:30:36] [I] Latency: min = 5.38672 ms, max = 13.3664 ms, mean = 7.60628 ms, \
median = 7.16092 ms, percentile(90%) = 10.2996 ms, percentile(95%) = 10.8698 ms, \
percentile(99%) = 12.9675 ms
[07/30/2024-15:30:36] [I] H2D Latency: min = 0.00659 ms, max = 0.0698 ms, mean = 0.0122 ms, \
median = 0.00814 ms, percentile(99%) = 0.0515 ms
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_tiny_bundle(tmp_path / "tiny")


def program(folder: Path, *, flags: str = "--fp16 --int8", code: int = 0) -> Path:
    """Writes its arguments beside itself, and prints the summary."""
    path = folder / "trtexec"
    text = SUMMARY if not code else "[E] Error[4]: no such tensor\n"
    path.write_text(
        f'#!/bin/sh\n[ "$1" = --help ] && {{ echo "{flags}"; exit 0; }}\n'
        f"echo \"$@\" > {folder}/arguments\ncat <<'END'\n{text}END\nexit {code}\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def arguments(folder: Path) -> list[str]:
    return (folder / "arguments").read_text(encoding="utf-8").split()


def test_reads_the_summary() -> None:
    figures = read_output(SUMMARY, 4)
    assert figures.images_per_s == pytest.approx(521.192)
    assert (figures.p50_ms, figures.p99_ms) == (7.16092, 12.9675)


def test_other_output_is_refused() -> None:
    with pytest.raises(ModelError, match="no performance summary"):
        read_output("hello", 1)


def test_gives_the_graph_with_the_shape_of_the_batch(tmp_path: Path, bundle: Bundle) -> None:
    measure_trtexec(program(tmp_path), bundle, 4, 2.0)
    given = arguments(tmp_path)
    assert f"--onnx={bundle.model_path}" in given
    assert "--shapes=images:4x64x96x3" in given
    assert "--maxShapes=images:4x64x96x3" in given
    assert "--fp16" in given
    assert "--int8" not in given


def test_gives_no_flags_that_the_program_does_not_know(tmp_path: Path, bundle: Bundle) -> None:
    measure_trtexec(program(tmp_path, flags="--onnx"), bundle, 1, 2.0)
    assert "--fp16" not in arguments(tmp_path)


def test_an_engine_is_run_as_it_is(tmp_path: Path, bundle: Bundle) -> None:
    measure_trtexec(program(tmp_path), bundle, 1, 2.0, Path("/srv/model.engine"))
    given = arguments(tmp_path)
    assert "--loadEngine=/srv/model.engine" in given
    assert not [each for each in given if each.startswith("--onnx")]


def test_a_failure_is_told_with_its_first_error(tmp_path: Path, bundle: Bundle) -> None:
    with pytest.raises(ModelError, match=r"failed with 3: \[E\] Error\[4\]: no such tensor"):
        measure_trtexec(program(tmp_path, code=3), bundle, 1, 2.0, Path("/srv/model.engine"))


def test_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_trtexec() == path
