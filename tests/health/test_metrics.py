"""What Prometheus reads: parsed by its own parser, true to the figures, free of addresses."""

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edgedet.event import LastRun, RunEnd, SourceLimit, SourceState
from edgedet.health.base import Vitals
from edgedet.health.metrics import Exposition
from tests.health.figures import a_source, a_stage, the_vitals

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _samples(vitals: Vitals) -> Samples:
    text = Exposition(lambda: vitals).page().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _value(samples: Samples, name: str, **labels: str) -> float:
    return samples[f"edgedet_{name}", tuple(sorted(labels.items()))]


def test_sources_have_their_counts_and_one_state() -> None:
    samples = _samples(the_vitals(a_source("gate"), a_source("dock", SourceState.STALLED)))

    assert _value(samples, "source_frames_decoded_total", source="gate") == 1000
    assert _value(samples, "source_frames_dropped_total", source="dock") == 7
    assert _value(samples, "source_frames_quarantined_total", source="dock") == 5
    assert _value(samples, "source_teardowns_abandoned_total", source="dock") == 2
    assert _value(samples, "source_fps_detected", source="gate") == 14.8
    assert _value(samples, "source_latency_p99_seconds", source="gate") == pytest.approx(0.042)
    states = {
        dict(labels)["state"]: value
        for (name, labels), value in samples.items()
        if name == "edgedet_source_state" and dict(labels)["source"] == "dock"
    }
    assert [state for state, value in states.items() if value] == ["stalled"]
    assert len(states) == len(SourceState)


def test_what_the_detector_can_do_and_who_is_limited_is_told() -> None:
    gate, dock = a_source("gate"), a_source("dock")
    limit = SourceLimit(4.5, "the detector answers 20.0 images/s, cameras ask for 52.0")
    samples = _samples(the_vitals(gate, replace(dock, status=replace(dock.status, limit=limit))))

    assert _value(samples, "detector_capacity_fps") == 20
    assert _value(samples, "detector_demand_fps") == 52
    assert _value(samples, "source_limited", source="gate") == 0
    assert _value(samples, "source_limited", source="dock") == 1
    limits = {labels: value for (name, labels), value in samples.items() if "limit_fps" in name}
    assert limits == {(("source", "dock"),): 4.5}


def test_how_we_stand_with_the_broker_is_told() -> None:
    samples = _samples(the_vitals())

    assert _value(samples, "mqtt_state", state="connected") == 1
    assert _value(samples, "mqtt_certificate_expiry_timestamp_seconds") == 1_800_000_000


def test_stages_are_histograms() -> None:
    stage = a_stage((1, 2, 3, 4))
    samples = _samples(replace(the_vitals(), stages={"total": stage}))

    for bound, count in (("0.01", 1), ("0.1", 3), ("1.0", 6), ("+Inf", 10)):
        assert _value(samples, "stage_seconds_bucket", stage="total", le=bound) == count
    assert _value(samples, "stage_seconds_count", stage="total") == 10
    assert _value(samples, "stage_seconds_sum", stage="total") == 12.5


def test_the_device_says_how_it_is() -> None:
    vitals = the_vitals(last_run=LastRun(RunEnd.POWER_LOSS), extra={"spool": {"bytes": 12}})
    samples = _samples(vitals)

    assert _value(samples, "live") == _value(samples, "ready") == 1
    assert _value(samples, "last_run", end="power_loss") == 1
    assert _value(samples, "mqtt_connected") == 1
    assert _value(samples, "mqtt_messages_published_total") == 590
    assert _value(samples, "frames_total") == 600
    assert _value(samples, "spool_bytes") == 12
    assert ("process_open_fds", ()) in samples


def test_no_address_and_no_reason_is_among_the_labels() -> None:
    vitals = the_vitals()
    assert vitals.broker is not None
    reason = "hunter2 at 10.9.8.7"
    status = replace(vitals.sources[0].status, reason=reason)
    source = replace(vitals.sources[0], status=status)
    broker = replace(vitals.broker, url="mqtt://10.9.8.7", reason=reason)
    page = Exposition(lambda: replace(vitals, sources=(source,), broker=broker)).page().decode()

    assert "10.9.8.7" not in page
    assert "hunter2" not in page
