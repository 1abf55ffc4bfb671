"""NVIDIA's own measuring program, `trtexec`, where it is: a second opinion beside ours."""

import re
import shutil
import subprocess
from pathlib import Path

from edgedet.commands.bench.figures import TrtexecFigures
from edgedet.errors import ModelError
from edgedet.manifest import Bundle

_PLACES = (Path("/usr/src/tensorrt/bin"), Path("/usr/bin"))  # TensorRT's packages put it there
_TIMEOUT_S = 900.0  # without an engine it builds one
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_THROUGHPUT = re.compile(rf"Throughput: {_NUMBER} qps")
_LATENCY = re.compile(rf"\] Latency: .*?median = {_NUMBER} ms.*?percentile\(99%\) = {_NUMBER} ms")


def find_trtexec() -> Path | None:
    """The program, if it is installed."""
    folders = [str(folder) for folder in _PLACES]
    found = shutil.which("trtexec") or shutil.which("trtexec", path=":".join(folders))
    return None if found is None else Path(found)


def measure_trtexec(
    program: Path, bundle: Bundle, batch: int, seconds: float, engine: Path | None = None
) -> TrtexecFigures:
    """Let `program` run `engine`, or the bundle's graph with whatever it makes of it.

    Raises:
        ModelError: If it fails, or prints something else than we know.
    """
    height, width = bundle.input_hw
    shape = f"{bundle.manifest.input.name}:{batch}x{height}x{width}x3"
    arguments = [f"--shapes={shape}", f"--duration={max(1, round(seconds))}"]
    if engine is not None:
        arguments.append(f"--loadEngine={engine}")
    else:
        flags = ["--fp16"] + (["--int8"] if bundle.manifest.precision == "int8" else [])
        known = _run([str(program), "--help"])  # TensorRT 11 takes types from the graph alone
        arguments += [f"--onnx={bundle.model_path}", *(flag for flag in flags if flag in known)]
        arguments += [f"--{end}Shapes={shape}" for end in ("min", "opt", "max")]
    return read_output(_run([str(program), *arguments]), batch)


def read_output(text: str, batch: int) -> TrtexecFigures:
    """The figures in what trtexec prints.

    Source: trtexec's performance summary, the same in logs of TensorRT 8.4 to 10.2.

    Raises:
        ModelError: If they are not there.
    """
    rate, latency = _THROUGHPUT.search(text), _LATENCY.search(text)
    if rate is None or latency is None:
        msg = "trtexec printed no performance summary as TensorRT 8.4 to 10.2 do"
        raise ModelError(msg)
    return TrtexecFigures(batch * float(rate[1]), float(latency[1]), float(latency[2]))


def _run(command: list[str]) -> str:
    """What the program prints.

    Raises:
        ModelError: If it fails.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a program of the system, arguments of our own
            command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        msg = f"trtexec cannot be run: {exc}"
        raise ModelError(msg) from exc
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "[E]" in line]
        msg = f"trtexec failed with {done.returncode}: {lines[0] if lines else 'no error told'}"
        raise ModelError(msg)
    return done.stdout
