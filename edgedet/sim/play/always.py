"""What must hold in every scenario: valid and accounted messages, no secret, an orderly end."""

import importlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from edgedet.publish import schemas
from edgedet.sim.journal import Heard
from edgedet.sim.play.look import Finding
from edgedet.sim.play.world import STOP_TIMEOUT_S, World

_MIN_SECRET = 4
_MAX_TOLD = 5


def always_checks(world: World) -> Iterator[tuple[str, Finding | None]]:
    """Each check by name; None: it could not be made here."""
    wanted = world.head.always
    if wanted.stops and world.expects_runtime:
        code = world.runtime.stop(STOP_TIMEOUT_S)
        seen = f"it ended with {code}" if code is not None else "it had to be killed"
        yield f"runtime ends with 0 within {STOP_TIMEOUT_S:g} s", Finding(code == 0, (seen,))
    heard = [each for each in world.journal.since() if each.topic.startswith(world.prefix + "/")]
    if wanted.schema_ and heard:
        yield f"all of {len(heard)} messages are valid", invalid(heard)
    if wanted.accounted:
        yield "no more detections are missing than lost_before says", unaccounted(heard)
    if wanted.secrets:
        yield "no secret is told", leaked(heard, world)
    if wanted.traceback:
        said = world.runtime.said()
        lines = said[said.find("Traceback (most recent") :].splitlines()[:20]
        holds = "Traceback (most recent" not in said
        yield "no traceback in the log", Finding(holds, () if holds else tuple(lines))


def invalid(heard: Sequence[Heard]) -> Finding | None:
    """Messages that are not what their schema says; None without the package jsonschema."""
    try:
        jsonschema: Any = importlib.import_module("jsonschema")
    except ImportError:
        return None
    validators: dict[str, Any] = {}
    wrong = []
    for each in heard:
        body = each.body
        name = body.get("schema") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name.startswith("edgedet."):
            continue
        kind = name.removeprefix("edgedet.").partition("/")[0]
        if kind not in validators:
            validators[kind] = jsonschema.Draft202012Validator(schemas.load(kind))
        error = next(validators[kind].iter_errors(body), None)
        if error is not None:
            wrong.append(f"{each.topic}: {error.json_path}: {error.message[:200]}")
    return Finding(not wrong, tuple(wrong[:_MAX_TOLD]))


def unaccounted(heard: Sequence[Heard]) -> Finding:
    """Detections whose number never came, on the live branch or in the backlog, and nobody said."""
    numbers: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for each in heard:
        body = each.body
        if isinstance(body, dict) and str(body.get("schema", "")).startswith("edgedet.detections/"):
            key = (str(body.get("source")), str(body.get("boot")))
            numbers[key][int(body.get("seq", 0))] = int(body.get("lost_before", 0))
    wrong = []
    for (source, boot), lost in numbers.items():
        missing, told = max(lost) + 1 - len(lost), sum(lost.values())
        if missing > told:  # told and not missing: it arrived, and its acknowledgement did not
            wrong.append(f"source {source}, boot {boot}: {missing} missing, {told} told")
    return Finding(not wrong, tuple(wrong))


def leaked(heard: Sequence[Heard], world: World) -> Finding:
    """Where a secret of the scenario can be read."""
    head = world.head
    secrets = set(head.secrets)
    for camera in head.cameras.values():
        secrets |= {camera.password, camera.login.password if camera.login else ""}
    if head.labels is not None:
        secrets.add(head.labels.api_key)
    said = world.runtime.said()
    wrong = []
    for secret in sorted(secret for secret in secrets if len(secret) >= _MIN_SECRET):
        lines = [line for line in said.splitlines() if secret in line]
        topics = {each.topic for each in heard if secret.encode() in each.payload}
        wrong += [f"log: {line[:200]}" for line in lines[:1]]
        wrong += [f"message on {topic}" for topic in sorted(topics)]
    return Finding(not wrong, tuple(wrong[:_MAX_TOLD]))
