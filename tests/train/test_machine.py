import os
import platform

from train.machine import describe_machine


def test_names_processor_cores_and_system() -> None:
    text = describe_machine()

    assert text.endswith(platform.system())
    assert f"{len(os.sched_getaffinity(0))} core" in text
    assert "  " not in text
    assert text.split(",")[0]


def test_a_card_that_is_not_there_is_not_named() -> None:
    assert describe_machine("cuda:7").startswith(describe_machine().split(",", maxsplit=1)[0])
