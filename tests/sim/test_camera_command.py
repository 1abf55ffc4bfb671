"""Orders to a simulated camera: only what can be done is taken."""

import pytest
from pydantic import ValidationError

from edgedet.sim.camera_command import CameraCommand


def test_orders_survive_the_way_to_the_camera() -> None:
    order = CameraCommand(do="corrupt", for_s=2, share=0.25)
    assert CameraCommand.model_validate_json(order.model_dump_json(exclude_unset=True)) == order


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"do": "explode"}, "Input should be 'drop'"),
        ({"do": "stall", "for_s": 3}, "'do: stall' takes nothing else; unknown: for_s"),
        ({"do": "corrupt", "by_s": 3}, "takes for_s, share; unknown: by_s"),
        ({"do": "corrupt", "share": 2}, "less than or equal to 1"),
        ({"do": "drop", "hard": True}, "Extra inputs"),
    ],
)
def test_what_makes_no_sense_is_refused(order: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CameraCommand.model_validate(order)
