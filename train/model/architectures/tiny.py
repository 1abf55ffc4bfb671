"""YOLOv7-tiny: the network for devices, and the default."""

from train.model.architectures.rows import IMAGE, Architecture, concat, conv, elan, pool, up
from train.model.blocks import leaky_relu

_LAYERS = (
    conv(IMAGE, 32, 3, 2),  # 0
    conv(0, 64, 3, 2),  # 1
    *elan(2, source=1, out=64, width=32, depth=2),  # 2-7
    pool(7, 2, 2),  # 8
    *elan(9, source=8, out=128, width=64, depth=2),  # 9-14, C3
    pool(14, 2, 2),  # 15
    *elan(16, source=15, out=256, width=128, depth=2),  # 16-21, C4
    pool(21, 2, 2),  # 22
    *elan(23, source=22, out=512, width=256, depth=2),  # 23-28, C5
    conv(28, 256),  # 29, bypass of the pyramid, joined at 36
    conv(28, 256),  # 30
    # 5 x 5, then 9 x 9 and 13 x 13 as cascades of 5 x 5: the same maxima for a third of the work.
    pool(30, 5, 1),  # 31
    pool(31, 5, 1),  # 32
    pool(32, 5, 1),  # 33
    concat(33, 32, 31, 30),  # 34
    conv(34, 256),  # 35
    concat(35, 29),  # 36
    conv(36, 256),  # 37, N5
    *up(38, source=37, lateral=21, width=128),  # 38-41
    *elan(42, source=41, out=128, width=64, depth=2),  # 42-47, N4
    *up(48, source=47, lateral=14, width=64),  # 48-51
    *elan(52, source=51, out=64, width=32, depth=2),  # 52-57, P3
    conv(57, 128, 3, 2),  # 58
    concat(58, 47),  # 59
    *elan(60, source=59, out=128, width=64, depth=2),  # 60-65, P4
    conv(65, 256, 3, 2),  # 66
    concat(66, 37),  # 67
    *elan(68, source=67, out=256, width=128, depth=2),  # 68-73, P5
    conv(57, 128, 3),  # 74
    conv(65, 256, 3),  # 75
    conv(73, 512, 3),  # 76
)

YOLOV7_TINY = Architecture(
    name="yolov7-tiny",
    layers=_LAYERS,
    head_sources=(74, 75, 76),
    strides=(8, 16, 32),
    anchors_px=(
        ((10.0, 13.0), (16.0, 30.0), (33.0, 23.0)),
        ((30.0, 61.0), (62.0, 45.0), (59.0, 119.0)),
        ((116.0, 90.0), (156.0, 198.0), (373.0, 326.0)),
    ),
    activation=leaky_relu,
)
