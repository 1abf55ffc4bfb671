"""`python -m train`: commands, their help, and exit codes."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from tests.rules.tree import ROOT
from tests.train.console import call, fit_arguments
from train.cli import COMMANDS as COMMANDS_BY_NAME

NAMES = (
    *("check", "show", "fit", "evaluate", "predict", "export", "quantize", "refresh", "tune"),
    *("reparameterize", "prune", "distill"),
)
FORMS = ("roboflow", "coco", "voc", "yolo", "mot", "device")
COMMANDS = (*((name,) for name in NAMES), *(("ingest", form) for form in FORMS))


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    text = capsys.readouterr().out

    assert [name for name in ("ingest", *NAMES) if name not in text] == []
    assert set(COMMANDS_BY_NAME) == {"ingest", *NAMES}


@pytest.mark.parametrize("name", ["ingest", *NAMES])
def test_the_list_says_of_a_command_what_it_says_itself(name: str) -> None:
    own = COMMANDS_BY_NAME[name].load(name)
    assert COMMANDS_BY_NAME[name].help == inspect.cleandoc(own.help).splitlines()[0]


def test_no_command_is_imported_before_it_is_called() -> None:
    program = "import sys, train.cli; print(*(each for each in sys.modules if 'torch' in each))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_of_a_command_has_an_example(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*command, "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"Example: python -m train {' '.join(command)} " in text


@pytest.mark.parametrize("arguments", [("fly",), ("fit", "--nonsense"), ("fit",), ("ingest", "x")])
def test_wrong_usage_is_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 2
    assert capsys.readouterr().err


def test_a_wrong_configuration_is_2_and_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("lr_0: 0.1\n", encoding="utf-8")

    assert call(*fit_arguments(tmp_path / "d.yaml", tmp_path / "run"), "--recipe", recipe) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"error: {recipe}: lr_0: no such key; did you mean lr0?"
    ]


def test_messages_are_not_taken_for_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_path: Path) -> None:
        msg = "cannot load [/red] x.pt [bold]"
        raise ModelError(msg)

    monkeypatch.setattr("train.commands.assembly.read_data_yaml", fail)

    assert call(*fit_arguments(tmp_path / "d.yaml", tmp_path / "run")) == 1
    assert "cannot load [/red] x.pt [bold]" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "bundle"

    assert call("ingest", "yolo", "--images", tmp_path, "--names", "a", "--out", out) == 1
    assert call("export", "--weights", ROOT / "models/person/weights.pt", "--out", out) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[-1].startswith(f"error: '{tmp_path / 'file'}")
    assert errors[-1].endswith(("Not a directory", "File exists"))


def test_the_process_ends_with_the_code(tmp_path: Path) -> None:
    arguments = fit_arguments(tmp_path / "nowhere.yaml", tmp_path / "run")
    ended = subprocess.run(
        [sys.executable, "-m", "train", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("error: cannot read data set description")
    assert ended.stdout == ""
