"""Our packing of properties against paho's."""

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgedet.publish.broker import Message
from edgedet.publish.properties import pack_properties


@pytest.mark.parametrize("expiry_s", [None, 10, 90_000])
@pytest.mark.parametrize("name", ["gate/1", "tor-süd/" + "9" * 200])
def test_reads_back_as_what_was_meant(expiry_s: int | None, name: str) -> None:
    packed = pack_properties(Message("t", b"", "edgedet.status/1", name, 1, expiry_s=expiry_s))
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
