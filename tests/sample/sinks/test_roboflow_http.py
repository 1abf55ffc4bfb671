"""Roboflow's interface against a service that keeps what it is sent, byte for byte."""

import json
import logging
from pathlib import Path

import pytest

from edgedet.config.sampling import RoboflowSettings
from edgedet.sample.base import SinkBusyError, SinkClosedError, SinkRefusalError
from edgedet.sample.sinks.roboflow_http import RoboflowHttpSink
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelOptions, LabelService
from tests.sample.fakes import SteppingClock
from tests.sample.sinks.parcels import parcel

KEY = "rf-Very-Secret-1234"


def sink_to(service: LabelService, folder: Path, key: str = KEY) -> RoboflowHttpSink:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "key"
    path.write_text(f"{key}\n", encoding="utf-8")
    settings = RoboflowSettings(
        project=service.options.project, api_key_file=path, url=service.url, timeout_s=5
    )
    return RoboflowHttpSink(settings, SteppingClock())


@pytest.fixture
def service() -> LabelService:
    return LabelService(LabelOptions(api_key=KEY))


def test_picture_batch_tags_and_predictions_arrive(service: LabelService, tmp_path: Path) -> None:
    sent = parcel(tmp_path)
    with service:
        sink = sink_to(service, tmp_path)
        receipt = sink.upload(sent)
        sink.annotate(sent, receipt.remote_id)
        again = sink.upload(sent)
        sink.annotate(sent, receipt.remote_id)  # 409, already annotated
        sink.close()

    (image,) = service.images
    assert image.content == sent.picture.read_bytes()
    assert (image.name, image.batch, image.split) == (
        "gate-0000.jpg",
        "bench-gate-2026-05-04",
        "train",
    )
    assert image.tags == ("night", "unsure")
    assert image.annotation == "0 0.375000 0.500000 0.250000 0.500000\n"
    assert image.annotation_name == "gate-0000.txt"
    assert image.is_prediction
    assert (again.remote_id, again.was_there) == (receipt.remote_id, True)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (LabelFault("rate_limited", retry_after_s=7), (SinkBusyError, 7.0, True)),
        (LabelFault("server_error", status=502), (SinkBusyError, None, True)),
        (LabelFault("too_large"), (SinkRefusalError, None, True)),
        (LabelFault("unauthorized"), (SinkClosedError, None, True)),
        (LabelFault("lost_answer"), (SinkBusyError, None, True)),
        (LabelFault("garbage"), (SinkBusyError, None, False)),
    ],
    ids=lambda value: value.kind if isinstance(value, LabelFault) else "",
)
def test_faults_are_told_apart(
    service: LabelService,
    tmp_path: Path,
    fault: LabelFault,
    expected: tuple[type[Exception], float | None, bool],
) -> None:
    service.inject(fault)
    with service:
        sink = sink_to(service, tmp_path)
        with pytest.raises(expected[0]) as caught:
            sink.upload(parcel(tmp_path))
        assert sink.upload(parcel(tmp_path)).remote_id  # the next one is as good as new
        sink.close()

    if isinstance(caught.value, SinkBusyError):
        assert (caught.value.after_s, caught.value.is_general) == expected[1:]


def test_no_key_in_any_message(
    service: LabelService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = []
    with caplog.at_level(logging.DEBUG), service:
        for key in (KEY, "rf-Another-Secret-99", "key with spaces"):
            for kind in ("server_error", "lost_answer", "garbage", "unauthorized"):
                service.inject(LabelFault(kind))
                sink = sink_to(service, tmp_path / "keys", key)
                try:
                    sink.upload(parcel(tmp_path))
                except (SinkBusyError, SinkRefusalError) as exc:
                    said.append(f"{exc!r} {exc.__cause__!r} {sink.target}")
                sink.close()

    text = json.dumps(said) + caplog.text
    assert len(said) == 12
    assert "Secret" not in text
    assert "key with" not in text


def test_another_project_is_not_there(service: LabelService, tmp_path: Path) -> None:
    with service:
        sink = sink_to(service, tmp_path)
        sink._settings = sink._settings.model_copy(update={"project": "other"})
        with pytest.raises(SinkClosedError, match="no such project"):
            sink.upload(parcel(tmp_path))
        sink.close()


def test_a_picture_that_is_gone_is_refused(service: LabelService, tmp_path: Path) -> None:
    sent = parcel(tmp_path)
    sent.picture.unlink()
    with pytest.raises(SinkRefusalError, match="gone"):
        sink_to(service, tmp_path).upload(sent)
    service.stop()
