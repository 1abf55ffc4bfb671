"""The project's own sources, as the rules look at them."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("edgedet", "train")
IMPORTERS = ("import_module", "__import__")


@dataclass(frozen=True, slots=True)
class Import:
    """`importer` imports `name`: a module, or something in one."""

    importer: str
    name: str
    line: int


def module_files(*packages: str) -> dict[str, Path]:
    """Dotted name → file of every module of the packages."""
    found = {}
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(module: str, path: Path) -> Iterator[Import]:
    """Everything that a file imports, wherever in the file, by name or through importlib."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(module, f"{node.module}.{alias.name}", node.lineno)
        elif isinstance(node, ast.Call) and dotted(node.func).endswith(IMPORTERS):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield Import(module, argument.value, node.lineno)


@functools.cache
def all_imports(*packages: str) -> tuple[Import, ...]:
    return tuple(
        found for module, path in module_files(*packages).items() for found in imports(module, path)
    )


def dotted(node: ast.expr) -> str:
    """`threading.Thread` of the expression that says so; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def room_of(name: str) -> str:
    """`edgedet.vision` of `edgedet.vision.nms.nms`, `edgedet.log` of `edgedet.log.redact`."""
    return ".".join(name.split(".")[:2])
