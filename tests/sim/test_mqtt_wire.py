"""Numbers and properties on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.sim.mqtt_wire import MalformedError, Reader, pack_property, pack_varint


@given(st.integers(0, 268_435_455))
def test_numbers_of_variable_length_come_back(value: int) -> None:
    packed = pack_varint(value)
    assert len(packed) <= 4
    assert Reader(packed).varint() == value


def test_numeric_properties_come_back() -> None:
    packed = pack_property("MaximumPacketSize", 70_000) + pack_property("ReceiveMaximum", 20)
    reader = Reader(pack_varint(len(packed)) + packed)
    assert reader.properties() == {"MaximumPacketSize": 70_000, "ReceiveMaximum": 20}


@pytest.mark.parametrize("data", [b"\x05\x01", b"\xff\xff\xff\xff\xff", b"\x02\x63\x00"])
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        Reader(data).properties()
