"""Write and check the pins in constraints/: what pip resolves for Pythons other than this one.

pip's `--python-version` chooses wheels for another Python, but evaluates every environment marker
(`; python_version < "3.11"`) for the Python it runs on. So markers are evaluated here: constraint
lines before pip sees them, and the requirements of what pip chose afterwards, until nothing is new.

    .venv/bin/python deploy/lock.py check              # do the pins still resolve, on every target?
    .venv/bin/python deploy/lock.py check --python 3.10
    .venv/bin/python deploy/lock.py write              # choose the newest versions again

The lines of a constraints file above `MARK` are written by hand and kept.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
MARK = "# --- below: written by `make lock` ---"
MAX_ROUNDS = 5
# torch pins its CUDA packages itself, and its CPU build has none
UNPINNED = ("cuda-", "nvidia-", "triton", "edgedet", "pycuda")


@dataclass(frozen=True, slots=True)
class Target:
    """A Python and machine for which a constraints file must resolve."""

    python: str
    machine: str
    extras: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """The values of environment markers there."""
        values = {key: str(value) for key, value in default_environment().items()}
        return values | {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "platform_machine": self.machine,
            "extra": "",
        }

    def flags(self) -> list[str]:
        """The options that make pip choose wheels for this target."""
        flags = ["--only-binary=:all:", "--python-version", self.python]
        if self.machine == "x86_64":
            return flags
        tags = [f"manylinux_2_{minor}_{self.machine}" for minor in range(17, 36)]
        for tag in [*tags, f"manylinux2014_{self.machine}", "any"]:
            flags += ["--platform", tag]
        return flags


ALL = ("openvino", "embedded", "engine", "signed", "train", "test", "lint")
FILES: Mapping[str, tuple[Target, ...]] = {
    "constraints.txt": tuple(
        Target(python, "x86_64", ALL) for python in ("3.10", "3.11", "3.12", "3.13", "3.14")
    ),
    "jp62.txt": (Target("3.10", "aarch64", ("embedded", "engine", "signed")),),
}


class ResolutionError(Exception):
    """pip found no set of versions for a target."""


def read_requirements(extras: Iterable[str]) -> list[Requirement]:
    """The project's requirements with those of the extras, from pyproject.toml by way of pip."""
    wanted = f"{ROOT}[{','.join(extras)}]"
    report = _pip(["--no-deps", "--no-build-isolation", wanted])
    metadata = report["install"][0]["metadata"]
    lines = metadata["requires_dist"]
    return [
        requirement
        for requirement in map(Requirement, lines)
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def read_constraints(lines: Iterable[str], environment: dict[str, str]) -> Iterator[str]:
    """The constraint lines that hold in an environment, without their markers."""
    for raw in lines:
        line = raw.split("#")[0].strip()
        if not line:
            continue
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield f"{requirement.name}{requirement.specifier}"


def resolve(target: Target, constraints: Iterable[str]) -> dict[str, str]:
    """Name → version of everything that the project needs on a target.

    Raises:
        ResolutionError: no versions fit together, or one has no wheel for the target.
    """
    environment = target.environment()
    wanted = {_plain(requirement) for requirement in read_requirements(target.extras)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "constraints.txt"
        file.write_text("\n".join(read_constraints(constraints, environment)), encoding="utf-8")
        for _ in range(MAX_ROUNDS):
            flags = [*target.flags(), "--target", folder, "--constraint", str(file)]
            report = _pip([*flags, *sorted(wanted)])
            chosen = [item["metadata"] for item in report["install"]]
            missing = set(_missing(chosen, environment))
            if missing <= wanted:
                return {
                    name: item["version"].split("+")[0]  # 2.13.0+cpu is 2.13.0
                    for item in chosen
                    if not (name := canonicalize_name(item["name"])).startswith(UNPINNED)
                }
            wanted |= missing
    message = f"python {target.python}: requirements still grow after {MAX_ROUNDS} rounds"
    raise ResolutionError(message)


def render(pins: Mapping[Target, Mapping[str, str]]) -> list[str]:
    """Constraint lines: one for a version that fits all targets, else one each, with a marker."""
    lines = []
    for name in sorted({name for chosen in pins.values() for name in chosen}):
        versions: dict[str, list[str]] = {}
        for target, chosen in pins.items():
            if name in chosen:
                versions.setdefault(chosen[name], []).append(target.python)
        newest = max(versions, key=lambda version: _key(versions[version][-1]))
        for version, pythons in versions.items():
            lines.append(f"{name}=={version}{_marker(pythons, pins, last=version == newest)}")
    return lines


def _marker(pythons: list[str], pins: Mapping[Target, object], *, last: bool) -> str:
    every = [target.python for target in pins]
    start = "" if pythons[0] == every[0] else f'python_version >= "{pythons[0]}"'
    following = every.index(pythons[-1]) + 1
    open_end = last or following == len(every)
    end = "" if open_end else f'python_version < "{every[following]}"'
    text = " and ".join(part for part in (start, end) if part)
    return f" ; {text}" if text else ""


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _plain(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _missing(chosen: list[dict[str, Any]], environment: dict[str, str]) -> Iterator[str]:
    """Requirements whose markers hold on the target but not here, so that pip left them out."""
    for item in chosen:
        for line in item.get("requires_dist", ()):
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or "extra" in str(marker):
                continue
            if marker.evaluate(environment) and not marker.evaluate():
                yield _plain(requirement)


def _pip(arguments: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "-qq"]
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command += ["--report", report.name, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise ResolutionError(done.stderr.strip())
        result: dict[str, Any] = json.loads(Path(report.name).read_text(encoding="utf-8"))
    return result


def _head(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[: lines.index(MARK) + 1] if MARK in lines else [*lines, MARK]


def _write(path: Path, targets: tuple[Target, ...]) -> None:
    head = _head(path)
    pins = {target: resolve(target, head) for target in targets}
    path.write_text("\n".join([*head, *render(pins), ""]), encoding="utf-8")
    sys.stdout.write(f"{path.relative_to(ROOT)}: written\n")


def _check(path: Path, targets: tuple[Target, ...]) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for target in targets:
        chosen = resolve(target, lines)
        sys.stdout.write(
            f"{path.relative_to(ROOT)}: python {target.python} on {target.machine}: "
            f"{len(chosen)} packages resolve\n"
        )


def main() -> int:
    """Run the command line; 0: done, 1: a target does not resolve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", choices=("check", "write"))
    parser.add_argument("--python", help="only this Python, e.g. 3.10 (check only)")
    options = parser.parse_args()
    for name, targets in FILES.items():
        chosen = tuple(t for t in targets if options.python in (None, t.python))
        path = ROOT / "constraints" / name
        try:
            if options.action == "write":
                _write(path, targets)
            else:
                _check(path, chosen)
        except ResolutionError as exc:
            sys.stderr.write(f"{path.relative_to(ROOT)}: {exc}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
