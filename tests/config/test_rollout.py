"""Who may ask for a model over the network, and how it is proven."""

from typing import Any

import pytest
from pydantic import ValidationError

from edgedet.config.rollout import RolloutSettings


def _settings(**values: Any) -> RolloutSettings:  # noqa: ANN401 - what a user may write
    return RolloutSettings.model_validate(values)


def test_nothing_is_fetched_for_others_unless_a_place_is_named() -> None:
    settings = _settings()

    assert (settings.desired, settings.allow_from, settings.require_signature) == (False, [], True)


@pytest.mark.parametrize(
    "place", ["https://models.example.com/", "http://10.0.0.2:8000/edgedet/", "/srv/bundles"]
)
def test_places(place: str) -> None:
    assert _settings(allow_from=[place]).allow_from == [place]


@pytest.mark.parametrize(
    "place",
    [
        "https://models.example.com",  # models.example.com.evil.net begins so, too
        "https://models.example.com/edgedet",
        "https://user:password@models.example.com/",
        "https://models.example.com/?token=1",
        "ftp://models.example.com/",
        "https://models.example.com:port/",
        "https:///models/",
        "bundles",
        "/srv/../etc",
        "",
    ],
)
def test_what_is_no_place(place: str) -> None:
    with pytest.raises(ValidationError):
        _settings(allow_from=[place])


@pytest.mark.parametrize(
    "values", [{"shadow_s": -1}, {"watch_minutes": 20_000}, {"band": {"min_agreement": 2}}]
)
def test_ranges(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        _settings(**values)
