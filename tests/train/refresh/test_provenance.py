"""What the name of a picture says of its camera and its moment."""

import pytest

from train.refresh.provenance import Provenance, provenance_of


@pytest.mark.parametrize(
    ("name", "source_id", "moment"),
    [
        ("gate/gate-20260504T091233418-1a2b3c4d.jpg", "gate", "20260504T091233418"),
        ("yard-2-20260504T091233418-1a2b3c4d.jpg", "yard-2", "20260504T091233418"),
        ("gate/gate-20260504T091233418-1a2b3c4d-2.jpg", "gate", "20260504T091233418"),
        (
            "gate-20260504T091233418-1a2b3c4d_jpg.rf.0123456789abcdef.jpg",
            "gate",
            "20260504T091233418",
        ),
        ("yard/0042.jpg", "yard", ""),
        ("0042.jpg", "", ""),
        ("gate-20260504-1a2b3c4d.jpg", "", ""),
    ],
)
def test_names_are_understood(name: str, source_id: str, moment: str) -> None:
    assert provenance_of(name) == Provenance(source_id, moment)
