"""YOLOv7-E6E: E6 with two ELAN blocks side by side in the place of each one."""

from train.model.architectures.anchors import P6_ANCHORS_PX
from train.model.architectures.rows import (
    IMAGE,
    Architecture,
    concat,
    conv,
    downc,
    reorg,
    sppcspc,
    twin_elan,
    up,
)
from train.model.blocks import silu

_LAYERS = (
    reorg(IMAGE),  # 0
    conv(0, 80, 3),  # 1
    downc(1, 160),  # 2
    *twin_elan(3, source=2, out=160, width=64, depth=6, every=2),  # 3-23
    downc(23, 320),  # 24
    *twin_elan(25, source=24, out=320, width=128, depth=6, every=2),  # 25-45, C3
    downc(45, 640),  # 46
    *twin_elan(47, source=46, out=640, width=256, depth=6, every=2),  # 47-67, C4
    downc(67, 960),  # 68
    *twin_elan(69, source=68, out=960, width=384, depth=6, every=2),  # 69-89, C5
    downc(89, 1280),  # 90
    *twin_elan(91, source=90, out=1280, width=512, depth=6, every=2),  # 91-111, C6
    sppcspc(111, 640),  # 112, N6
    *up(113, source=112, lateral=89, width=480),  # 113-116
    *twin_elan(117, source=116, out=480, width=384, inner=192, depth=6),  # 117-137, N5
    *up(138, source=137, lateral=67, width=320),  # 138-141
    *twin_elan(142, source=141, out=320, width=256, inner=128, depth=6),  # 142-162, N4
    *up(163, source=162, lateral=45, width=160),  # 163-166
    *twin_elan(167, source=166, out=160, width=128, inner=64, depth=6),  # 167-187, P3
    downc(187, 320),  # 188
    concat(188, 162),  # 189
    *twin_elan(190, source=189, out=320, width=256, inner=128, depth=6),  # 190-210, P4
    downc(210, 480),  # 211
    concat(211, 137),  # 212
    *twin_elan(213, source=212, out=480, width=384, inner=192, depth=6),  # 213-233, P5
    downc(233, 640),  # 234
    concat(234, 112),  # 235
    *twin_elan(236, source=235, out=640, width=512, inner=256, depth=6),  # 236-256, P6
    conv(187, 320, 3),  # 257
    conv(210, 640, 3),  # 258
    conv(233, 960, 3),  # 259
    conv(256, 1280, 3),  # 260
)

YOLOV7_E6E = Architecture(
    name="yolov7-e6e",
    layers=_LAYERS,
    head_sources=(257, 258, 259, 260),
    strides=(8, 16, 32, 64),
    anchors_px=P6_ANCHORS_PX,
    activation=silu,
    # on three levels the second of the two blocks alone, not the sum
    auxiliary=(conv(186, 320, 3), conv(161, 640, 3), conv(136, 960, 3), conv(112, 1280, 3)),
)
