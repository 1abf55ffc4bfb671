"""Every approved sample reaches its end at the service, once, whatever the service does."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgedet.config.sampling import RoboflowSettings
from edgedet.sample.audit import Audit
from edgedet.sample.base import SampleSink, State
from edgedet.sample.picture import jpeg
from edgedet.sample.sinks.folder import FolderSink
from edgedet.sample.sinks.roboflow_http import RoboflowHttpSink
from edgedet.sample.store import SampleFiles, SampleStore
from edgedet.sample.uploader import CLOSED_WAIT_S, LONGEST_WAIT_S, MOST_ATTEMPTS, Uploader
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelOptions, LabelService
from tests.sample.fakes import CLASSES, SteppingClock, nothing, sample, store_in
from tests.stream.fakes import wait_until

KEY = "rf-Very-Secret-1234"


class Bench:
    """A store and an uploader; time goes on only when it waits."""

    def __init__(self, folder: Path, make_sink: Callable[[SteppingClock], SampleSink]) -> None:
        self.clock = SteppingClock()
        self.store: SampleStore = store_in(folder / "store")
        self.audit = Audit(self.store.ledger, self.clock)
        self.sink = make_sink(self.clock)
        self.uploader = self.restarted()

    def restarted(self) -> Uploader:
        self.uploader = Uploader(
            self.store,
            self.audit,
            self.sink,
            class_names=CLASSES,
            device="bench",
            sends_prelabels=True,
            clock=self.clock,
            chance=lambda: 1.0,
        )
        return self.uploader

    def keep(self, number: int, **changes: object) -> None:
        rng = np.random.default_rng(number)
        picture = jpeg(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8), 90)
        self.store.keep(sample(number, **changes), SampleFiles(picture, "{}"), nothing)

    def work(self, for_s: float = 4 * 3600, tick_s: float = 1.0) -> float:
        """Let it work for so long; the seconds until nothing was left."""
        start_s = self.clock.now_s
        while self.clock.now_s < start_s + for_s:
            if not self.uploader.step():
                if not self.store.ledger.samples([State.APPROVED, State.UPLOADED]):
                    break
                self.clock.advance(tick_s)
        return self.clock.now_s - start_s

    def states(self) -> list[str]:
        return [each.state.value for each in self.store.ledger.samples()]


@pytest.fixture
def service() -> LabelService:
    return LabelService(LabelOptions(api_key=KEY))


def to_service(service: LabelService, folder: Path) -> Bench:
    key = folder / "key"
    key.write_text(KEY, encoding="utf-8")
    settings = RoboflowSettings(
        project=service.options.project, api_key_file=key, url=service.url, timeout_s=5
    )
    return Bench(folder, lambda clock: RoboflowHttpSink(settings, clock))


def test_a_sample_goes_through_its_life_and_leaves_the_disk(
    service: LabelService, tmp_path: Path
) -> None:
    bench = to_service(service, tmp_path)
    bench.keep(0)
    bench.keep(1, objects=())  # nothing was seen: no pre-labels
    bench.keep(2, state=State.KEPT)  # not approved

    with service:
        bench.work()
        bench.uploader.close()

    assert bench.states() == ["done", "done", "kept"]
    assert [(i.name, i.annotation is not None) for i in service.images] == [
        ("gate-0000.jpg", True),
        ("gate-0001.jpg", False),
    ]
    assert service.images[0].batch == "bench-gate-2026-05-04"
    assert [s.place is None for s in bench.store.ledger.samples()] == [True, True, False]
    assert bench.store.reconcile().is_clean
    lines = [(line.sample_id, line.action, line.outcome) for line in bench.audit.lines()]
    assert lines == [
        ("gate-0000", "upload", "sent"),
        ("gate-0000", "annotate", "sent"),
        ("gate-0001", "upload", "sent"),
    ]


@pytest.mark.parametrize(
    "fault",
    [
        LabelFault("duplicate", on="upload"),
        LabelFault("lost_answer", on="upload"),
        LabelFault("lost_answer", on="annotate"),
        LabelFault("hidden", on="annotate", times=5),
        LabelFault("conflict", on="annotate"),
        LabelFault("conflict", on="upload"),
        LabelFault("rate_limited", times=3, retry_after_s=30),
        LabelFault("server_error", times=3, status=502),
        LabelFault("server_error", on="annotate", times=3, status=503, retry_after_s=5),
        LabelFault("garbage", on="upload", times=2),
        LabelFault("garbage", on="annotate"),
        LabelFault("unauthorized", times=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.on}",
)
def test_a_service_in_trouble_gets_each_picture_once(
    service: LabelService, tmp_path: Path, fault: LabelFault
) -> None:
    bench = to_service(service, tmp_path)
    for number in range(3):
        bench.keep(number)
    service.inject(fault)

    with service:
        bench.work()
        bench.uploader.close()

    assert bench.states() == ["done"] * 3
    assert sorted(i.name for i in service.images) == [f"gate-000{n}.jpg" for n in range(3)]
    assert all(image.is_prediction for image in service.images if image.annotation)
    assert bench.uploader.trouble == ""


def test_retry_after_is_waited_for_by_all(service: LabelService, tmp_path: Path) -> None:
    bench = to_service(service, tmp_path)
    for number in range(3):
        bench.keep(number)
    service.inject(LabelFault("rate_limited", retry_after_s=90))

    with service:
        assert bench.uploader.step()
        bench.clock.advance(89)
        assert not bench.uploader.step()
        assert len(service.requests) == 1
        assert "busy (status 429" in bench.uploader.trouble
        bench.clock.advance(2)
        assert bench.uploader.step()
        bench.uploader.close()


def test_hours_without_a_network_lose_nothing_and_wait_ever_longer(
    service: LabelService, tmp_path: Path
) -> None:
    bench = to_service(service, tmp_path)
    service.set_online(False)
    with service:
        for number in range(3):
            bench.keep(number)
        bench.work(for_s=6 * 3600, tick_s=20)
        tries = len(bench.audit.lines())
        bench.restarted()
        service.set_online(True)
        wait_until(lambda: bench.work(60, tick_s=20) < 60)
        bench.uploader.close()

    assert 6 * 3600 / LONGEST_WAIT_S <= tries < 100
    assert len(service.images) == 3
    assert set(bench.states()) == {"done"}


def test_a_wrong_key_loses_nothing_and_a_new_one_is_seen(
    service: LabelService, tmp_path: Path
) -> None:
    bench = to_service(service, tmp_path)
    (tmp_path / "key").write_text("wrong-key", encoding="utf-8")
    bench.keep(0)
    with service:
        bench.work(for_s=3600, tick_s=5)
        assert bench.states() == ["approved"]
        assert "not let in (status 401" in bench.uploader.trouble
        assert len(service.requests) <= 3600 / CLOSED_WAIT_S + 1
        (tmp_path / "key").write_text(KEY, encoding="utf-8")
        bench.work()
        bench.uploader.close()

    assert bench.states() == ["done"]


def test_what_is_too_large_is_refused_and_the_others_go_on(
    service: LabelService, tmp_path: Path
) -> None:
    bench = to_service(service, tmp_path)
    for number in range(2):
        bench.keep(number)
    service.inject(LabelFault("too_large"))
    with service:
        bench.work()
        bench.uploader.close()

    assert bench.states() == ["refused", "done"]
    refused = bench.store.ledger.get("gate-0000")
    assert refused is not None
    assert "status 413" in refused.reason
    assert refused.place is None


def test_prelabels_that_are_never_taken_do_not_hold_up_the_picture(
    service: LabelService, tmp_path: Path
) -> None:
    bench = to_service(service, tmp_path)
    bench.keep(0)
    service.inject(LabelFault("hidden", on="annotate", times=None))
    with service:
        waited_s = bench.work(for_s=24 * 3600, tick_s=10)
        bench.uploader.close()

    assert bench.states() == ["done"]
    done = bench.store.ledger.get("gate-0000")
    assert done is not None
    assert done.reason.startswith("without pre-labels: the picture is not there yet")
    assert len(service.requests) == 1 + MOST_ATTEMPTS
    assert waited_s > 1800


def test_a_picture_that_is_gone_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lambda _clock: FolderSink(tmp_path / "out"))
    bench.keep(0)
    path = bench.store.path_of(bench.store.ledger.samples()[0])
    assert path is not None
    path.unlink()
    bench.work()

    assert bench.states() == ["refused"]


def test_the_folder_is_the_end_and_the_place(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lambda _clock: FolderSink(tmp_path / "out"))
    bench.keep(0)
    bench.work()

    (done,) = bench.store.ledger.samples()
    assert done.state is State.DONE
    assert bench.store.path_of(done) == tmp_path / "out" / "images" / "gate" / "gate-0000.jpg"
    assert not list((tmp_path / "store" / "frames").rglob("*.jpg"))
    assert bench.store.reconcile().is_clean


def test_another_model_may_have_other_numbers_by_the_time_a_frame_is_sent(
    service: LabelService, tmp_path: Path
) -> None:
    bench = to_service(service, tmp_path)
    bench.keep(0)  # a person, number 0 then
    bench.uploader.class_names = ("car", "person")

    with service:
        bench.work()

    [image] = service.images
    assert image.annotation is not None
    assert image.annotation.split()[0] == "1"


def test_what_a_person_rejects_while_it_is_sent_stays_rejected(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lambda _clock: FolderSink(tmp_path / "out"))
    bench.keep(0)
    upload = bench.sink.upload

    def reject_meanwhile(parcel: object) -> object:
        bench.store.refuse(bench.store.ledger.samples()[0], "rejected")
        return upload(parcel)  # type: ignore[arg-type]

    # the picture is gone from the store, yet was read before
    bench.sink.upload = reject_meanwhile  # type: ignore[method-assign, assignment]
    bench.uploader.step()

    (found,) = bench.store.ledger.samples()
    assert (found.state, found.reason) == (State.REFUSED, "rejected")
    assert not list((tmp_path / "out").rglob("*.jpg"))
