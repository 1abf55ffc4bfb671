"""YOLOv7 and YOLOv7-X: three levels, for pictures of 640 pixels."""

from train.model.architectures.anchors import P5_ANCHORS_PX
from train.model.architectures.rows import (
    IMAGE,
    Architecture,
    conv,
    down,
    elan,
    repconv,
    sppcspc,
    up,
)
from train.model.blocks import silu

_STRIDES = (8, 16, 32)

_LAYERS = (
    conv(IMAGE, 32, 3),  # 0
    conv(0, 64, 3, 2),  # 1
    conv(1, 64, 3),  # 2
    conv(2, 128, 3, 2),  # 3
    *elan(4, source=3, out=256, width=64, depth=4, every=2),  # 4-11
    *down(12, 11, 128),  # 12-16
    *elan(17, source=16, out=512, width=128, depth=4, every=2),  # 17-24, C3
    *down(25, 24, 256),  # 25-29
    *elan(30, source=29, out=1024, width=256, depth=4, every=2),  # 30-37, C4
    *down(38, 37, 512),  # 38-42
    *elan(43, source=42, out=1024, width=256, depth=4, every=2),  # 43-50, C5
    sppcspc(50, 512),  # 51, N5
    *up(52, source=51, lateral=37, width=256),  # 52-55
    *elan(56, source=55, out=256, width=256, inner=128, depth=4),  # 56-63, N4
    *up(64, source=63, lateral=24, width=128),  # 64-67
    *elan(68, source=67, out=128, width=128, inner=64, depth=4),  # 68-75, P3
    *down(76, 75, 128, 63),  # 76-80
    *elan(81, source=80, out=256, width=256, inner=128, depth=4),  # 81-88, P4
    *down(89, 88, 256, 51),  # 89-93
    *elan(94, source=93, out=512, width=512, inner=256, depth=4),  # 94-101, P5
    repconv(75, 256),  # 102
    repconv(88, 512),  # 103
    repconv(101, 1024),  # 104
)

_X_LAYERS = (
    conv(IMAGE, 40, 3),  # 0
    conv(0, 80, 3, 2),  # 1
    conv(1, 80, 3),  # 2
    conv(2, 160, 3, 2),  # 3
    *elan(4, source=3, out=320, width=64, depth=6, every=2),  # 4-13
    *down(14, 13, 160),  # 14-18
    *elan(19, source=18, out=640, width=128, depth=6, every=2),  # 19-28, C3
    *down(29, 28, 320),  # 29-33
    *elan(34, source=33, out=1280, width=256, depth=6, every=2),  # 34-43, C4
    *down(44, 43, 640),  # 44-48
    *elan(49, source=48, out=1280, width=256, depth=6, every=2),  # 49-58, C5
    sppcspc(58, 640),  # 59, N5
    *up(60, source=59, lateral=43, width=320),  # 60-63
    *elan(64, source=63, out=320, width=256, depth=6, every=2),  # 64-73, N4
    *up(74, source=73, lateral=28, width=160),  # 74-77
    *elan(78, source=77, out=160, width=128, depth=6, every=2),  # 78-87, P3
    *down(88, 87, 160, 73),  # 88-92
    *elan(93, source=92, out=320, width=256, depth=6, every=2),  # 93-102, P4
    *down(103, 102, 320, 59),  # 103-107
    *elan(108, source=107, out=640, width=512, depth=6, every=2),  # 108-117, P5
    conv(87, 320, 3),  # 118
    conv(102, 640, 3),  # 119
    conv(117, 1280, 3),  # 120
)

YOLOV7 = Architecture(
    name="yolov7",
    layers=_LAYERS,
    head_sources=(102, 103, 104),
    strides=_STRIDES,
    anchors_px=P5_ANCHORS_PX,
    activation=silu,
)

YOLOV7_X = Architecture(
    name="yolov7x",
    layers=_X_LAYERS,
    head_sources=(118, 119, 120),
    strides=_STRIDES,
    anchors_px=P5_ANCHORS_PX,
    activation=silu,
)
