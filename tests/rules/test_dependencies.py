"""No dependency without a reason, nor without a pin."""

import re

import pytest

from tests.rules.tree import ROOT

QUOTED = re.compile(r'"([A-Za-z][A-Za-z0-9-]*)[>=<;\s"]')
# compiled on the device only, or where there is no distribution
CONVERTERS = {"litert-torch", "ai-edge-litert", "coremltools"}  # installed by whoever exports
UNPINNED = {"pycuda", "roboflow", "gstreamer-python", "cuda-bindings"} | CONVERTERS


def _dependencies() -> list[str]:
    """Names in [project] and its extras; by hand, for Python 3.10 has no tomllib."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    start = text.index("dependencies = [")
    end = text.index("[project.scripts]")
    lines = [line.split("#")[0] for line in text[start:end].splitlines()]
    return sorted({found for line in lines for found in QUOTED.findall(line)})


def test_dependencies_are_found() -> None:
    assert {"numpy", "openvino", "torch", "pytest", "types-PyYAML"} <= set(_dependencies())


@pytest.mark.parametrize("name", _dependencies())
def test_dependency_has_its_reason(name: str) -> None:
    page = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")

    assert f"`{name}`" in page, f"{name}: say in docs/decisions/dependencies.md what it is for"


@pytest.mark.parametrize("name", sorted(set(_dependencies()) - UNPINNED))
def test_dependency_is_pinned(name: str) -> None:
    pins = (ROOT / "constraints" / "constraints.txt").read_text(encoding="utf-8").lower()

    assert re.search(rf"^{re.escape(name.lower())}==", pins, re.MULTILINE), (
        f"{name}: run `make lock`"
    )
