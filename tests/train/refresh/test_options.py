"""What a refresh is asked for, as text that can be compared, and what follows from its size."""

from pathlib import Path

import pytest

from train.refresh.options import NewLabels, RefreshOptions, epochs_for, next_version


def test_the_request_tells_two_refreshes_apart_and_not_two_machines() -> None:
    new = NewLabels(samples=Path("labelling"))
    one = RefreshOptions(Path("models/person"), new, Path("frozen/data.yaml"), Path("out"))
    other = RefreshOptions(
        Path("models/person"), new, Path("frozen/data.yaml"), Path("out"), threads=2, workers=0
    )
    longer = RefreshOptions(
        Path("models/person"), new, Path("frozen/data.yaml"), Path("out"), epochs=3
    )

    assert one.request("ab") == other.request("ab")
    assert one.request("ab") != longer.request("ab")
    assert one.request("ab") != one.request("cd")
    assert one.request("ab")["--samples"] == "labelling"
    assert one.request("ab")["--data"] == ""


@pytest.mark.parametrize(
    ("pictures", "epochs"), [(0, 100), (20, 100), (100, 40), (500, 8), (100_000, 8)]
)
def test_small_sets_get_more_epochs(pictures: int, epochs: int) -> None:
    assert epochs_for(pictures) == epochs


@pytest.mark.parametrize(
    ("version", "following"),
    [("2", "3"), ("9", "10"), ("1.9", "1.10"), ("may", "may.1"), ("2026-05", "2026-05.1")],
)
def test_a_new_bundle_has_the_next_version(version: str, following: str) -> None:
    assert next_version(version) == following
