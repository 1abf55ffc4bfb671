"""What README and docs show exists: files, headings, commands, options, settings, messages."""

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
import yaml

from edgedet.config.load import load_settings
from tests.rules.tree import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
SCHEMAS = ROOT / "edgedet" / "publish" / "schemas"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OPTION = re.compile(r"(?<!\S)--[a-z][a-z0-9-]*")
PROGRAMS = {
    "edgedet": ("edgedet.cli", "edgedet.app"),
    "train": ("train.cli", "train.commands.refresh"),
}
"""Where a program begins, and what most of its commands import: once, before they are asked."""
ASK = """
import importlib, os, sys

main = importlib.import_module(sys.argv[1]).main
importlib.import_module(sys.argv[2])
for command in sys.argv[3:]:
    print(end="\\x1e", flush=True)
    if not (child := os.fork()):
        sys.argv = [sys.argv[1], *command.split(), "--help"]
        try:
            main()
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(end.code or 0)  # libraries' own endings may wait for threads that have no copy
    if os.waitpid(child, 0)[1]:
        sys.exit(command)
"""
COMMAND = re.compile(
    r"(?:^|/)(?:(edgedet)|python -m (train)) ((?:ingest |sim |models |learn )?[a-z-]+)((?: .*)?)$"
)


@dataclass(frozen=True, slots=True)
class Snippet:
    page: str
    language: str
    text: str


def _snippets() -> Iterator[Snippet]:
    for page in PAGES:
        for language, text in FENCE.findall(page.read_text(encoding="utf-8")):
            yield Snippet(str(page.relative_to(ROOT)), language, text)


def _command_lines() -> Iterator[str]:
    """What a reader would type: lines after a `$`, continued over a backslash."""
    for snippet in _snippets():
        if snippet.language in ("console", "sh", "bash"):
            for line in snippet.text.replace("\\\n", " ").splitlines():
                if line.startswith("$ "):
                    yield re.sub(r"\s+#.*$", "", line[2:])


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            broken.append(target)
        elif anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            broken += [] if anchor in map(_slug, headings) else [target]

    assert broken == []


def test_every_page_of_docs_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        links = LINK.findall(page.read_text(encoding="utf-8"))
        waiting += [(page.parent / target.partition("#")[0]).resolve() for target in links]

    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    shown = [
        found for line in _command_lines() for found in re.findall(r"\bmake ([a-z0-9-]+)", line)
    ]

    assert set(shown) <= targets
    assert {"demo", "test"} <= set(shown)


@functools.cache
def _helps(program: str) -> dict[str, str]:
    """The help of every command shown; one process imports the program, its children tell."""
    commands = [command for name, command in _shown_commands() if name == program]
    done = subprocess.run(
        [sys.executable, "-c", ASK, *PROGRAMS[program], *commands],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{program}: {done.stderr}"
    return dict(zip(commands, done.stdout.split("\x1e")[1:], strict=True))


def _shown_commands() -> dict[tuple[str, str], set[str]]:
    shown: dict[tuple[str, str], set[str]] = {}
    for line in _command_lines():
        if found := COMMAND.search(line):
            program, command = found[1] or found[2], found[3]
            shown.setdefault((program, command), set()).update(OPTION.findall(found[4]))
    return shown


@pytest.mark.parametrize("command", sorted(_shown_commands()), ids=" ".join)
def test_commands_have_the_options_shown(command: tuple[str, str]) -> None:
    offered = set(re.findall(r"--[a-z][a-z0-9-]*", _helps(command[0])[command[1]]))

    assert _shown_commands()[command] <= offered


def test_yaml_shown_is_a_valid_configuration(tmp_path: Path) -> None:
    shown = [
        snippet.text
        for snippet in _snippets()
        if snippet.language == "yaml" and "sources" in (yaml.safe_load(snippet.text) or {})
    ]
    for text in shown:
        path = tmp_path / "shown.yaml"
        path.write_text(text, encoding="utf-8")
        load_settings(path, environ={})

    assert shown != []


def test_messages_shown_keep_their_schema() -> None:
    shown = [json.loads(snippet.text) for snippet in _snippets() if snippet.language == "json"]
    messages = [
        message for message in shown if str(message.get("schema", "")).startswith("edgedet.")
    ]
    for message in messages:
        name = message["schema"].removeprefix("edgedet.").replace("/", ".")
        path = SCHEMAS / f"{name}.json"
        if path.exists():
            schema = json.loads(path.read_text(encoding="utf-8"))
            jsonschema.Draft202012Validator(schema).validate(message)

    assert "edgedet.detections/1" in {message["schema"] for message in messages}
