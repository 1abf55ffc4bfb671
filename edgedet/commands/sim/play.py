"""What `edgedet sim` does: list, check and play scenarios."""

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from edgedet.config.section import brief
from edgedet.errors import ConfigError, UsageError
from edgedet.paths import is_there
from edgedet.sim.library import find, shipped
from edgedet.sim.play.player import Player
from edgedet.sim.play.report import Report
from edgedet.sim.scenario.load import load_scenario
from edgedet.sim.scenario.schema import Scenario
from edgedet.stream.worker import Worker

_END_TIMEOUT_S = 60.0

Loaded = tuple[Path, Scenario]


def shipped_scenarios() -> list[Loaded]:
    """All that come with edgedet."""
    return [(path, load_scenario(path)) for path in shipped()]


def load_all(names: Sequence[str]) -> list[Loaded]:
    """The scenarios of these names or paths.

    Raises:
        ConfigError: with the problems of all of them.
    """
    loaded: list[Loaded] = []
    problems: list[str] = []
    for name in names:
        path = find(name)
        try:
            loaded.append((path, load_scenario(path)))
        except ConfigError as exc:
            problems += exc.problems or (str(exc),)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        msg = f"{count} in what was given"
        raise ConfigError(msg, tuple(problems))
    return loaded


def play_all(
    scenarios: Sequence[Loaded],
    keep: Path | None,
    jobs: int,
    tell: Callable[[Report], None],
) -> bool:
    """Play, `jobs` of them side by side; whether all passed. `tell` gets each report at its end.

    `keep`: a folder for each scenario's configuration, logs and messages, which must be new there.

    Raises:
        EdgedetError: what kept a scenario from being played.
    """
    _refuse_old_folders(keep, scenarios)
    if jobs == 1:
        reports = []
        for path, scenario in scenarios:
            reports.append(_play(path, scenario, keep))
            tell(reports[-1])
        return all(report.has_passed for report in reports)
    waiting: SimpleQueue[Loaded] = SimpleQueue()
    done: SimpleQueue[Report | BaseException] = SimpleQueue()
    for loaded in scenarios:
        waiting.put(loaded)

    def play_waiting(_stop: object) -> None:
        with contextlib.suppress(Empty):
            while True:
                done.put(_attempt(waiting.get_nowait(), keep))

    workers = [Worker(f"scenario-{n}", play_waiting) for n in range(min(jobs, len(scenarios)))]
    for worker in workers:
        worker.start()
    try:
        return _collect(done, len(scenarios), tell)
    finally:  # interrupted: what has not begun does not begin
        with contextlib.suppress(Empty):
            while True:
                waiting.get_nowait()
        for worker in workers:
            worker.join(_END_TIMEOUT_S)


def _collect(
    done: "SimpleQueue[Report | BaseException]", count: int, tell: Callable[[Report], None]
) -> bool:
    errors: list[BaseException] = []
    has_passed = True
    for _ in range(count):
        result = done.get()
        if isinstance(result, BaseException):
            errors.append(result)
            continue
        has_passed &= result.has_passed
        tell(result)
    if errors:
        raise errors[0]
    return has_passed


def _attempt(loaded: Loaded, keep: Path | None) -> Report | BaseException:
    try:
        return _play(*loaded, keep)
    except BaseException as exc:  # noqa: BLE001 - raised where the reports are awaited
        return exc


def _play(path: Path, scenario: Scenario, keep: Path | None) -> Report:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="edgedet-sim-") as temporary:
            report = Player(scenario, Path(temporary)).play()
    else:
        folder = _folder(keep, scenario)
        try:
            folder.mkdir(parents=True)
        except OSError as exc:
            msg = f"--keep: cannot make '{brief(str(folder))}': {exc.strerror}; name another folder"
            raise UsageError(msg) from exc
        shutil.copyfile(path, folder / "scenario.yaml")
        player = Player(scenario, folder)
        report = player.play()
        player.write_messages(folder / "messages.jsonl")
        report.kept = str(folder)
        (folder / "report.txt").write_text(report.to_text() + "\n", encoding="utf-8")
    report.file = str(path)
    return report


def _folder(keep: Path, scenario: Scenario) -> Path:
    return keep.absolute() / scenario.head.name


def _refuse_old_folders(keep: Path | None, scenarios: Sequence[Loaded]) -> None:
    names = Counter(scenario.head.name for _, scenario in scenarios)
    for _, scenario in scenarios:
        if names[scenario.head.name] > 1:
            msg = f"two scenarios have the name '{scenario.head.name}'; give each its own"
            raise UsageError(msg)
        if keep is not None and is_there(_folder(keep, scenario)):
            folder = _folder(keep, scenario)
            msg = f"--keep: '{folder}' is there already; name another folder, or remove it"
            raise UsageError(msg)
