"""The form in which a check is told."""

from edgedet.commands.doctor.checks import failed, passed, warned


def test_the_form_of_a_check() -> None:
    assert passed("disk", "much room").to_json() == {
        "name": "disk",
        "status": "pass",
        "detail": "much room",
        "fix": "",
    }
    assert warned("disk", "little", "make room").to_json()["status"] == "warn"
    assert failed("disk", "none", "make room").to_json()["fix"] == "make room"
