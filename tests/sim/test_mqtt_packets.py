"""Packets, against what paho packs and reads; whole exchanges are in test_mqtt_peer.py."""

import pytest

from edgedet.sim.mqtt_packets import (
    PUBLISH,
    V5,
    V311,
    Publish,
    connack,
    publish,
    read_publish,
    split,
)
from edgedet.sim.mqtt_wire import MalformedError


@pytest.mark.parametrize("protocol", [V311, V5])
def test_packets_are_taken_off_one_by_one_as_they_come_in_pieces(protocol: int) -> None:
    one, other = Publish("a/b", b"x" * 200, qos=0), Publish("c", b"", qos=0, retain=True)
    data = publish(one, protocol) + publish(other, protocol)
    buffer, found = bytearray(), []
    for byte in data:
        buffer.append(byte)
        if (packet := split(buffer)) is not None:
            found.append(packet)

    assert [packet.kind for packet in found] == [PUBLISH, PUBLISH]
    first, second = (read_publish(packet, protocol) for packet in found)
    assert (first.topic, first.payload, first.retain) == ("a/b", b"x" * 200, False)
    assert (second.topic, second.payload, second.retain) == ("c", b"", True)
    assert sum(packet.size_bytes for packet in found) == len(data)


def test_a_message_is_read_as_it_was_packed() -> None:
    properties = {"ResponseTopic": "answers/7", "CorrelationData": b"\x00\xff"}
    said = Publish("a", b"{}", qos=1, packet_id=513, properties=properties)

    for protocol, told in ((V5, properties), (V311, {})):
        packet = split(bytearray(publish(said, protocol)))
        assert packet is not None
        heard = read_publish(packet, protocol)
        assert (heard.qos, heard.packet_id, heard.payload) == (1, 513, b"{}")
        assert heard.properties == told


def test_endless_length_is_refused() -> None:
    with pytest.raises(MalformedError):
        split(bytearray(b"\x30\xff\xff\xff\xff\x01"))


@pytest.mark.parametrize(("code", "old"), [(0, 0), (0x84, 1), (0x86, 4), (0x87, 5), (0x97, 3)])
def test_codes_are_told_to_old_clients_in_their_way(code: int, old: int) -> None:
    assert connack(V311, code) == bytes((0x20, 2, 0, old))
    assert connack(V5, code) == bytes((0x20, 3, 0, code, 0))
