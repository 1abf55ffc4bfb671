"""Hosts and addresses that can be none are told before anybody tries them."""

import pytest

from edgedet.config.addresses import check_host, has_control_characters, split_address


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("mqtt://broker", "broker", None),
        ("https://models.example.com:8443/a/", "models.example.com", 8443),
        ("mqtts://[fe80::1%eth0]:8883", "fe80::1%eth0", 8883),
        ("wss://bröker.example/mqtt", "bröker.example", None),
        ("mqtt://gate_2.local.", "gate_2.local.", None),
    ],
)
def test_parts(address: str, host: str, port: int | None) -> None:
    parts = split_address(address)
    assert (parts.hostname, parts.port) == (host, port)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mqtt://h\tx", "blanks or control"),  # urlsplit alone would make hx of it
        ("mqtt://h\u2003x", "blanks or control"),
        ("https://h/a b", "blanks or control"),
        ("mqtt://h\x7f", "blanks or control"),
        ("mqtt://" + "a" * 3000, "3007 characters"),
        ("mqtt://" + "a" * 64 + ".example", "no host name"),
        ("mqtt://h:-1", "a number from 0 to 65535"),
        ("mqtt://h:port", "a number from 0 to 65535"),
        ("mqtt://[::1", "IPv6"),
    ],
)
def test_refuses(address: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_address(address)


@pytest.mark.parametrize("host", ["h\0x", "a b", "..", "a" * 64])
def test_no_hosts(host: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        check_host(host)


def test_control_characters() -> None:
    assert has_control_characters("a\x85b")
    assert not has_control_characters("blanks and ümlauts are text")
