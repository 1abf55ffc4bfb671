"""Orders, carried out and in words."""

from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelService
from edgedet.sim.play.orders import in_words, tell_labels
from edgedet.sim.scenario.steps import LabelsOrder


def test_words_keep_passwords_to_themselves() -> None:
    order = {"do": "password", "username": "viewer", "password": "hunter2"}
    assert in_words(order) == "password username=viewer"
    assert in_words({"do": "stall"}) == "stall"


def test_a_label_service_is_given_its_faults_and_forgiven() -> None:
    service = LabelService()
    order = {"do": "fault", "kind": "rate_limited", "on": "upload", "retry_after_s": 2}
    tell_labels(service, LabelsOrder.model_validate(order))
    fault = LabelFault("rate_limited", on="upload", retry_after_s=2)
    assert service._faults.take("upload") == fault
    tell_labels(service, LabelsOrder.model_validate(order))
    tell_labels(service, LabelsOrder.model_validate({"do": "forgive"}))
    assert service._faults.take("upload") is None
    service.stop()
