"""Our packing of properties against paho's."""

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgedet.publish.broker import Message
from edgedet.publish.properties import pack_connect, pack_publish, pack_will


@pytest.mark.parametrize("expiry_s", [None, 10, 90_000])
@pytest.mark.parametrize("name", ["gate/1", "tor-süd/" + "9" * 200])
def test_reads_back_as_what_was_meant(expiry_s: int | None, name: str) -> None:
    packed = pack_publish(Message("t", b"", "edgedet.status/1", name, 1, expiry_s=expiry_s))
    read = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]

    _, length = read.unpack(packed)  # type: ignore[no-untyped-call]

    assert length == len(packed)
    expected = {
        "PayloadFormatIndicator": 1,
        "ContentType": "application/json",
        "UserProperty": [("schema", "edgedet.status/1"), ("id", name)],
    }
    if expiry_s is not None:
        expected["MessageExpiryInterval"] = expiry_s
    assert read.json() == expected  # type: ignore[no-untyped-call]


def test_picture_says_its_type_and_whose_answer_it_is() -> None:
    message = Message("t", b"", "", "gate/1", 1, content_type="image/jpeg", correlation=b"\0\xff")
    read = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]

    read.unpack(pack_publish(message))  # type: ignore[no-untyped-call]

    assert read.json() == {  # type: ignore[no-untyped-call]
        "ContentType": "image/jpeg",
        "CorrelationData": "00ff",
        "UserProperty": [("id", "gate/1")],
    }


def test_will_has_its_delay_besides() -> None:
    read = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]

    read.unpack(pack_will(Message("t", b"", "edgedet.status/1", "w", 1), 10))  # type: ignore[no-untyped-call]

    assert read.json() == {  # type: ignore[no-untyped-call]
        "WillDelayInterval": 10,
        "PayloadFormatIndicator": 1,
        "ContentType": "application/json",
        "UserProperty": [("schema", "edgedet.status/1"), ("id", "w")],
    }


@pytest.mark.parametrize("limit", [None, 65536])
def test_greeting_names_session_and_largest_packet(limit: int | None) -> None:
    read = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]

    read.unpack(pack_connect(120, limit))  # type: ignore[no-untyped-call]

    expected = {"SessionExpiryInterval": 120}
    assert read.json() == (expected if limit is None else {**expected, "MaximumPacketSize": limit})  # type: ignore[no-untyped-call]
