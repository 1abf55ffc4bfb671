"""Where to listen, or off."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from edgedet.config.http import HttpSettings


@pytest.mark.parametrize("value", [False, "off", {"listen": False}, {"listen": "off"}, {}])
def test_off_in_every_form(value: object) -> None:
    assert HttpSettings.model_validate(value).listen == "off"


@pytest.mark.parametrize("listen", ["127.0.0.1:8080", "[::1]:8080", "localhost:0", "127.9.9.9:1"])
def test_this_machine_needs_no_token(listen: str) -> None:
    settings = HttpSettings(listen=listen)

    assert settings.is_local
    assert not settings.is_off


@pytest.mark.parametrize("listen", [":8080", "0.0.0.0:8080", "[::]:80", "10.0.0.7:80", "edge:80"])
def test_the_network_needs_one(listen: str) -> None:
    with pytest.raises(ValidationError, match="expected a token_file beside it"):
        HttpSettings(listen=listen)

    assert not HttpSettings(listen=listen, token_file=Path("token")).is_local


def test_address_and_port_are_told_apart() -> None:
    settings = HttpSettings(listen="[::1]:8080")

    assert (settings.host, settings.port) == ("::1", 8080)


@pytest.mark.parametrize("listen", ["8080", "127.0.0.1", "a b:80", "127.0.0.1:65536", "::1:80"])
def test_refuses(listen: str) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(listen=listen)


@pytest.mark.parametrize("listen", ["h\0x:80", "a..b:80", "127.0.0.1:٣"])
def test_refuses_hosts_that_can_be_none(listen: str) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(listen=listen, token_file=Path("token"))
