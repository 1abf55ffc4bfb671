"""Steps of a timeline."""

import pytest
from pydantic import ValidationError

from edgedet.sim.scenario.steps import STEPS


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("camera", {"camera": {"id": "gate", "do": "corrupt", "share": 0.2}, "note": "rain"}),
        ("peer", {"peer": {"do": "refuse", "code": 0x87}}),
        ("broker", {"broker": "kill", "mark": "outage"}),
        ("broker", {"broker": "hold"}),
        ("disk", {"disk": "fill"}),
        ("runtime", {"runtime": "hold"}),
        ("labels", {"labels": {"do": "fault", "kind": "rate_limited", "retry_after_s": 2}}),
        ("publish", {"publish": {"topic": "cmd/pause", "payload": {"id": 1}}}),
        ("publish", {"publish": {"topic": "/a", "qos": 2, "response_topic": "/b"}}),
        ("runtime", {"runtime": "reload"}),
        ("config", {"config": {"batch": {"max_size": 2}}, "without": ["sources.dock"]}),
        ("config", {"config": "sources: ["}),
        ("repeat", {"repeat": {"times": 2, "every_s": 1, "steps": [{"pause_s": 1}]}}),
        ("pause_s", {"pause_s": 0.5}),
        ("expect", {"expect": {"log": "x"}, "within_s": 3}),
        ("never", {"never": {"log": "x"}, "for_s": 3}),
        ("rate", {"rate": {"topic": "src/a/detections", "per_s": ">= 9"}}),
    ],
)
def test_every_kind_of_step(key: str, step: dict[str, object]) -> None:
    assert hasattr(STEPS[key].model_validate(step), key)


@pytest.mark.parametrize(
    ("key", "step", "message"),
    [
        ("camera", {"camera": {"do": "stall"}}, "id"),
        ("broker", {"broker": "explode"}, "'kill'"),
        ("labels", {"labels": {"do": "fault"}}, "takes a kind"),
        ("labels", {"labels": {"do": "off", "kind": "silent"}}, "takes a kind"),
        ("rate", {"rate": {"topic": "a"}}, "expected per_s, save_as"),
        ("rate", {"rate": {"topic": "a", "of": "b"}}, "`ratio`"),
        ("expect", {"expect": {"log": "x"}, "for_s": 3}, "for_s"),
        ("pause_s", {"pause_s": 0}, "greater than 0"),
        ("publish", {"publish": {"topic": "a/#"}}, "without the wildcards"),
        ("publish", {"publish": {"topic": "a", "response_topic": "+"}}, "without the wildcards"),
        ("publish", {"publish": {"topic": "a", "qos": 3}}, "0, 1 or 2"),
        ("config", {"config": {}}, "changes nothing"),
        ("config", {"config": [1]}, "the text of the whole file"),
        ("config", {"config": "a", "without": ["b"]}, "the whole text is given"),
        ("config", {"config": {"device": {"name": "x"}}}, "topics of a scenario stay"),
        ("config", {"config": {"mqtt": {"topic_root": "x"}}}, "topics of a scenario stay"),
        ("repeat", {"repeat": {"times": 0, "steps": [1]}}, "greater than or equal to 1"),
        ("repeat", {"repeat": {"times": 1, "steps": []}}, "at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(key: str, step: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        STEPS[key].model_validate(step)
