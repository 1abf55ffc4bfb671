"""YOLOv7-W6, -E6 and -D6: four levels, for pictures of 1280 pixels, with an auxiliary head."""

from train.model.architectures.anchors import P6_ANCHORS_PX
from train.model.architectures.rows import (
    IMAGE,
    Architecture,
    concat,
    conv,
    downc,
    elan,
    reorg,
    sppcspc,
    up,
)
from train.model.blocks import silu

_STRIDES = (8, 16, 32, 64)

_W6_LAYERS = (
    reorg(IMAGE),  # 0
    conv(0, 64, 3),  # 1
    conv(1, 128, 3, 2),  # 2
    *elan(3, source=2, out=128, width=64, depth=4, every=2),  # 3-10
    conv(10, 256, 3, 2),  # 11
    *elan(12, source=11, out=256, width=128, depth=4, every=2),  # 12-19, C3
    conv(19, 512, 3, 2),  # 20
    *elan(21, source=20, out=512, width=256, depth=4, every=2),  # 21-28, C4
    conv(28, 768, 3, 2),  # 29
    *elan(30, source=29, out=768, width=384, depth=4, every=2),  # 30-37, C5
    conv(37, 1024, 3, 2),  # 38
    *elan(39, source=38, out=1024, width=512, depth=4, every=2),  # 39-46, C6
    sppcspc(46, 512),  # 47, N6
    *up(48, source=47, lateral=37, width=384),  # 48-51
    *elan(52, source=51, out=384, width=384, inner=192, depth=4),  # 52-59, N5
    *up(60, source=59, lateral=28, width=256),  # 60-63
    *elan(64, source=63, out=256, width=256, inner=128, depth=4),  # 64-71, N4
    *up(72, source=71, lateral=19, width=128),  # 72-75
    *elan(76, source=75, out=128, width=128, inner=64, depth=4),  # 76-83, P3
    conv(83, 256, 3, 2),  # 84
    concat(84, 71),  # 85
    *elan(86, source=85, out=256, width=256, inner=128, depth=4),  # 86-93, P4
    conv(93, 384, 3, 2),  # 94
    concat(94, 59),  # 95
    *elan(96, source=95, out=384, width=384, inner=192, depth=4),  # 96-103, P5
    conv(103, 512, 3, 2),  # 104
    concat(104, 47),  # 105
    *elan(106, source=105, out=512, width=512, inner=256, depth=4),  # 106-113, P6
    conv(83, 256, 3),  # 114
    conv(93, 512, 3),  # 115
    conv(103, 768, 3),  # 116
    conv(113, 1024, 3),  # 117
)

_E6_LAYERS = (
    reorg(IMAGE),  # 0
    conv(0, 80, 3),  # 1
    downc(1, 160),  # 2
    *elan(3, source=2, out=160, width=64, depth=6, every=2),  # 3-12
    downc(12, 320),  # 13
    *elan(14, source=13, out=320, width=128, depth=6, every=2),  # 14-23, C3
    downc(23, 640),  # 24
    *elan(25, source=24, out=640, width=256, depth=6, every=2),  # 25-34, C4
    downc(34, 960),  # 35
    *elan(36, source=35, out=960, width=384, depth=6, every=2),  # 36-45, C5
    downc(45, 1280),  # 46
    *elan(47, source=46, out=1280, width=512, depth=6, every=2),  # 47-56, C6
    sppcspc(56, 640),  # 57, N6
    *up(58, source=57, lateral=45, width=480),  # 58-61
    *elan(62, source=61, out=480, width=384, inner=192, depth=6),  # 62-71, N5
    *up(72, source=71, lateral=34, width=320),  # 72-75
    *elan(76, source=75, out=320, width=256, inner=128, depth=6),  # 76-85, N4
    *up(86, source=85, lateral=23, width=160),  # 86-89
    *elan(90, source=89, out=160, width=128, inner=64, depth=6),  # 90-99, P3
    downc(99, 320),  # 100
    concat(100, 85),  # 101
    *elan(102, source=101, out=320, width=256, inner=128, depth=6),  # 102-111, P4
    downc(111, 480),  # 112
    concat(112, 71),  # 113
    *elan(114, source=113, out=480, width=384, inner=192, depth=6),  # 114-123, P5
    downc(123, 640),  # 124
    concat(124, 57),  # 125
    *elan(126, source=125, out=640, width=512, inner=256, depth=6),  # 126-135, P6
    conv(99, 320, 3),  # 136
    conv(111, 640, 3),  # 137
    conv(123, 960, 3),  # 138
    conv(135, 1280, 3),  # 139
)

_D6_LAYERS = (
    reorg(IMAGE),  # 0
    conv(0, 96, 3),  # 1
    downc(1, 192),  # 2
    *elan(3, source=2, out=192, width=64, depth=8, every=2),  # 3-14
    downc(14, 384),  # 15
    *elan(16, source=15, out=384, width=128, depth=8, every=2),  # 16-27, C3
    downc(27, 768),  # 28
    *elan(29, source=28, out=768, width=256, depth=8, every=2),  # 29-40, C4
    downc(40, 1152),  # 41
    *elan(42, source=41, out=1152, width=384, depth=8, every=2),  # 42-53, C5
    downc(53, 1536),  # 54
    *elan(55, source=54, out=1536, width=512, depth=8, every=2),  # 55-66, C6
    sppcspc(66, 768),  # 67, N6
    *up(68, source=67, lateral=53, width=576),  # 68-71
    *elan(72, source=71, out=576, width=384, inner=192, depth=8),  # 72-83, N5
    *up(84, source=83, lateral=40, width=384),  # 84-87
    *elan(88, source=87, out=384, width=256, inner=128, depth=8),  # 88-99, N4
    *up(100, source=99, lateral=27, width=192),  # 100-103
    *elan(104, source=103, out=192, width=128, inner=64, depth=8),  # 104-115, P3
    downc(115, 384),  # 116
    concat(116, 99),  # 117
    *elan(118, source=117, out=384, width=256, inner=128, depth=8),  # 118-129, P4
    downc(129, 576),  # 130
    concat(130, 83),  # 131
    *elan(132, source=131, out=576, width=384, inner=192, depth=8),  # 132-143, P5
    downc(143, 768),  # 144
    concat(144, 67),  # 145
    *elan(146, source=145, out=768, width=512, inner=256, depth=8),  # 146-157, P6
    conv(115, 384, 3),  # 158
    conv(129, 768, 3),  # 159
    conv(143, 1152, 3),  # 160
    conv(157, 1536, 3),  # 161
)

YOLOV7_W6 = Architecture(
    name="yolov7-w6",
    layers=_W6_LAYERS,
    head_sources=(114, 115, 116, 117),
    strides=_STRIDES,
    anchors_px=P6_ANCHORS_PX,
    activation=silu,
    auxiliary=(conv(83, 320, 3), conv(71, 640, 3), conv(59, 960, 3), conv(47, 1280, 3)),
)

YOLOV7_E6 = Architecture(
    name="yolov7-e6",
    layers=_E6_LAYERS,
    head_sources=(136, 137, 138, 139),
    strides=_STRIDES,
    anchors_px=P6_ANCHORS_PX,
    activation=silu,
    auxiliary=(conv(99, 320, 3), conv(85, 640, 3), conv(71, 960, 3), conv(57, 1280, 3)),
)

YOLOV7_D6 = Architecture(
    name="yolov7-d6",
    layers=_D6_LAYERS,
    head_sources=(158, 159, 160, 161),
    strides=_STRIDES,
    anchors_px=P6_ANCHORS_PX,
    activation=silu,
    auxiliary=(conv(115, 384, 3), conv(99, 768, 3), conv(83, 1152, 3), conv(67, 1536, 3)),
)
