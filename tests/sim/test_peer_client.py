"""The small parts of a connection to the peer."""

import doctest
import socket

import pytest

from edgedet.sim import peer_client
from edgedet.sim.mqtt_wire import MalformedError
from edgedet.sim.peer_client import PeerClient
from edgedet.sim.peer_command import PeerRules


def test_the_example_is_true() -> None:
    assert doctest.testmod(peer_client).failed == 0


def test_what_is_no_greeting_is_refused() -> None:
    with socket.socket() as sock:
        client = PeerClient(sock, PeerRules())
        client.feed(b"\xc0\x00")
        with pytest.raises(MalformedError, match="no CONNECT"):
            client.turn()


def test_a_slow_reader_takes_what_its_rate_allows() -> None:
    with socket.socket() as sock:
        client = PeerClient(sock, rules := PeerRules())
        assert client.allowance(500, 0.0) == 500
        rules.bytes_per_s = 100.0
        begin_s = client._read_s
        assert client.allowance(500, begin_s + 0.5) == 50
        assert client.allowance(500, begin_s + 0.75) == 25
        assert client.allowance(500, begin_s + 60) == 100  # a second's worth at most
