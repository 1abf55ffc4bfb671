"""Compose and k3s examples: their configurations load, what they name is there, nobody is root."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from edgedet.config.load import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
CONFIGS = sorted(DEPLOY.glob("*/**/edgedet.yaml"))
KUSTOMIZATIONS = sorted(DEPLOY.glob("k3s/*/kustomization.yaml"))


def _yaml(path: Path) -> Any:  # noqa: ANN401 - the edge of YAML
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.parent.name)
def test_example_configurations_load_without_a_warning(path: Path) -> None:
    assert load_settings(path, {}).warnings == ()


def test_there_are_examples() -> None:
    assert len(CONFIGS) == 2
    assert len(KUSTOMIZATIONS) == 2


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=lambda path: path.parent.name)
def test_what_a_kustomization_names_is_there(path: Path) -> None:
    content = _yaml(path)
    named = list(content["resources"])
    named += [patch["path"] for patch in content.get("patches", [])]
    for generator in content.get("configMapGenerator", []):
        named += generator["files"]
    missing = [name for name in named if not (path.parent / name).exists()]
    assert missing == []


def test_the_pod_may_do_little() -> None:
    pod = _yaml(DEPLOY / "k3s/base/daemonset.yaml")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    for container in (*pod["containers"], *pod["initContainers"]):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"]["drop"] == ["ALL"]
        assert "memory" in container["resources"]["limits"]


def test_volumes_of_the_pod_are_defined() -> None:
    pod = _yaml(DEPLOY / "k3s/base/daemonset.yaml")["spec"]["template"]["spec"]
    defined = {volume["name"] for volume in pod["volumes"]}
    used = {
        mount["name"]
        for container in (*pod["containers"], *pod["initContainers"])
        for mount in container["volumeMounts"]
    }
    assert used == defined


def test_the_composed_service_may_do_little() -> None:
    service = _yaml(DEPLOY / "compose/compose.yaml")["services"]["edgedet"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
