"""Layer tables: what each network of the family is made of, index by index.

Adding a member of the family means adding a table (and blocks it needs to `network.py`), nothing
else.
"""

from train.model.architectures.e6e import YOLOV7_E6E
from train.model.architectures.p6 import YOLOV7_D6, YOLOV7_E6, YOLOV7_W6
from train.model.architectures.rows import IMAGE, Architecture, LayerSpec, row_channels
from train.model.architectures.tiny import YOLOV7_TINY
from train.model.architectures.yolov7 import YOLOV7, YOLOV7_X

ARCHITECTURES: tuple[Architecture, ...] = (
    YOLOV7_TINY,
    YOLOV7,
    YOLOV7_X,
    YOLOV7_W6,
    YOLOV7_E6,
    YOLOV7_D6,
    YOLOV7_E6E,
)

__all__ = ["ARCHITECTURES", "IMAGE", "Architecture", "LayerSpec", "row_channels"]
