"""`edgedet learn` as a person or a program calls it, beside what the service wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from edgedet.cli import main
from edgedet.sample.audit import Audit
from edgedet.sample.base import State
from edgedet.sample.store import SampleStore
from edgedet.sampling import SAMPLES, open_store
from tests.runs import tiny_settings, write_config
from tests.sample.fakes import SteppingClock, keep


class Bench:
    """A configuration whose store has some samples, and the command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        settings = tiny_settings(folder, state_dir=folder / "state", sampling={"enabled": True})
        self.folder, self._capsys = folder, capsys
        self.config = write_config(folder, settings)
        self.store: SampleStore = open_store(settings)

    def call(self, command: str, *arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["learn", command, *map(str, arguments), "--config", str(self.config)])
        said = self._capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    def json(self, command: str, *arguments: object) -> Any:  # noqa: ANN401 - as json.loads
        code, out, err = self.call(command, *arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def states(self) -> list[str]:
        return [each.state.value for each in self.store.ledger.samples()]


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(tmp_path, capsys)


def test_the_list_is_what_the_contract_says(bench: Bench) -> None:
    keep(bench.store, 1, state=State.KEPT)
    keep(bench.store, 2, source_id="dock")

    found = bench.json("ls")

    assert list(found) == ["samples"]
    assert [each["state"] for each in found["samples"]] == ["kept", "approved"]
    first = found["samples"][0]
    assert first["objects"] == [{"class": "person", "score": 0.4, "box": [0.25, 0.25, 0.5, 0.75]}]
    assert Path(first["picture"]).is_file()
    assert len(bench.json("ls", "--state", "kept")["samples"]) == 1
    assert len(bench.json("ls", "--source", "dock")["samples"]) == 1
    assert [s["id"] for s in bench.json("ls", "--limit", 1)["samples"]] == ["gate-0002"]


def test_tables_are_for_people(bench: Bench) -> None:
    keep(bench.store, 1, state=State.KEPT)
    audit = Audit(bench.store.ledger, SteppingClock())
    audit.begin(bench.store.ledger.samples()[0], "upload", "roboflow example")

    assert "gate-0001" in bench.call("ls")[1]
    assert "1 kept; 0.0 of 1024 MiB" in bench.call("ls")[1]
    assert "1 close to 0.35" in bench.call("show", "0001")[1]
    assert "not known: cut off" in bench.call("audit")[1]


def test_words_of_people_are_shown_as_they_are(bench: Bench) -> None:
    keep(bench.store, 1, state=State.KEPT)
    bench.call("reject", "0001", "--reason", "[/b] [red]too :smile: dark")

    assert "[/b] [red]too :smile: dark" in bench.call("ls")[1]
    assert "[/b] [red]too :smile: dark" in bench.call("show", "0001")[1]


def test_what_left_the_device_is_shown(bench: Bench) -> None:
    kept = keep(bench.store, 1)
    audit = Audit(bench.store.ledger, SteppingClock())
    audit.end(audit.begin(kept, "upload", "roboflow example"), "sent")

    shown = bench.json("show", "gate-0001")

    assert shown["sample"]["id"] == "gate-0001"
    assert [line["outcome"] for line in shown["audit"]] == ["sent"]
    assert bench.json("audit")["audit"] == shown["audit"]


def test_approving_and_rejecting(bench: Bench) -> None:
    for number in range(4):
        keep(bench.store, number, state=State.KEPT)

    assert bench.json("approve", "0000", "gate-0001")["approved"] == ["gate-0000", "gate-0001"]
    assert bench.json("reject", "0002", "--reason", "blurred")["rejected"] == ["gate-0002"]
    assert bench.states() == ["approved", "approved", "refused", "kept"]
    rejected = bench.store.ledger.get("gate-0002")
    assert rejected is not None
    assert (rejected.reason, rejected.place) == ("blurred", None)
    assert not list((bench.folder / "state" / SAMPLES / "frames").rglob("gate-0002*"))
    assert bench.json("approve", "--all")["approved"] == ["gate-0003"]
    assert bench.call("reject", "0000")[1] == "1 rejected\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("approve",), "name samples by their ids, or say --all"),
        (("approve", "x", "--all"), "name samples"),
        (("approve", "nobody"), "no sample is called 'nobody'"),
        (("show", "gate-"), "2 samples are called 'gate-'"),
        (("approve", "0002"), "is refused and cannot be approved"),
        (("reject", "0002"), "is refused and cannot be rejected"),
        (("ls", "--state", "lost"), "--state lost: expected one of kept, approved"),
    ],
)
def test_wrong_usage_says_what_was_expected(
    bench: Bench, arguments: tuple[str, ...], reason: str
) -> None:
    keep(bench.store, 1)
    keep(bench.store, 2, state=State.REFUSED)

    code, _, err = bench.call(*arguments)

    assert code == 2
    assert reason in err


def test_purging_forgets_what_is_over_but_not_the_audit(bench: Bench) -> None:
    for number, state in enumerate((State.DONE, State.REFUSED, State.KEPT, State.DONE)):
        kept = keep(bench.store, number, state=state)
        if number < 2:
            bench.store.ledger.set_place(kept.id, None)
    audit = Audit(bench.store.ledger, SteppingClock())
    audit.begin(bench.store.ledger.samples()[0], "upload", "x")

    assert bench.json("purge", "--older-than", 99999)["purged"] == []
    assert bench.json("purge")["purged"] == ["gate-0000", "gate-0001"]
    assert bench.json("purge", "--pictures")["purged"] == ["gate-0003"]
    assert bench.json("purge", "0002")["purged"] == ["gate-0002"]
    assert bench.states() == []
    assert len(audit.lines()) == 1
    bench.store.reconcile()  # two of them had lost their place only
    assert not list((bench.folder / "state" / SAMPLES / "frames").rglob("*.jpg"))


def test_reconciling(bench: Bench) -> None:
    path = bench.store.path_of(keep(bench.store, 1))
    assert path is not None
    path.unlink()

    assert bench.json("reconcile") == {"strays": 1, "lost": 1, "taken": 0}
    assert "0 samples refused" in bench.call("reconcile")[1]


def test_exporting_copies_and_may_end_it(bench: Bench) -> None:
    for number in range(3):
        keep(bench.store, number, state=State.KEPT if number else State.REFUSED)
    out = bench.folder / "stick"

    assert bench.json("export", "--out", out)["exported"] == ["gate-0001", "gate-0002"]
    assert bench.states() == ["refused", "kept", "kept"]
    found = bench.json("export", "--out", out, "--done")

    assert found == {"exported": ["gate-0001", "gate-0002"], "missing": 0}
    assert bench.states() == ["refused", "done", "done"]
    assert len(list((out / "images" / "gate").glob("*.jpg"))) == 2
    assert (out / "classes.txt").read_text("utf-8") == "bright\nperson\n"
    assert bench.store.ledger.get("gate-0001").reason == f"exported to folder {out}"  # type: ignore[union-attr]
    assert {line.action for line in Audit(bench.store.ledger, SteppingClock()).lines()} == {
        "export"
    }


def test_a_folder_that_cannot_be_written_is_told(bench: Bench) -> None:
    keep(bench.store, 1)
    (bench.folder / "file").write_text("in the way", encoding="utf-8")

    code, _, err = bench.call("export", "--out", bench.folder / "file")

    assert code == 1
    assert "cannot write to" in err
    assert bench.states() == ["approved"]


def test_where_nothing_was_sampled_it_is_said_and_nothing_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, tiny_settings(tmp_path, state_dir=tmp_path / "state"))
    with pytest.raises(SystemExit) as left:
        main(["learn", "ls", "--config", str(config)])

    assert left.value.code == 1
    assert "nothing was sampled here yet" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("ls", "show", "audit", "approve", "reject", "purge", "reconcile", "export"):
        with pytest.raises(SystemExit) as left:
            main(["learn", command, "--help"])
        assert left.value.code == 0
        assert f"Example: edgedet learn {command}" in capsys.readouterr().out
