"""Where to listen, or off."""

import pytest
from pydantic import ValidationError

from edgedet.config.http import HttpSettings


@pytest.mark.parametrize("value", [False, "off", {"listen": False}, {"listen": "off"}, {}])
def test_off_in_every_form(value: object) -> None:
    assert HttpSettings.model_validate(value).listen == "off"


@pytest.mark.parametrize("listen", ["127.0.0.1:8080", "[::1]:8080", ":8080"])
def test_accepts(listen: str) -> None:
    assert HttpSettings(listen=listen).listen == listen


@pytest.mark.parametrize("listen", ["8080", "127.0.0.1", "a b:80"])
def test_refuses(listen: str) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(listen=listen)
