"""How `edgedet models …` is called."""

import pytest
from typer.testing import CliRunner

from edgedet.commands.model_lines import app


@pytest.mark.parametrize(
    "command", ["install", "list", "verify", "activate", "rollback", "status", "remove"]
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: edgedet models {command}" in " ".join(result.output.split())
