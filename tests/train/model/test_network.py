import re
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from edgedet.errors import ModelError
from train.model import build_model, fuse
from train.model.blocks import ConvBNAct

KEYS = Path(__file__).with_name("yolov7_tiny_keys.tsv")


def _official() -> dict[str, str]:
    rows = (line.split("\t") for line in KEYS.read_text().splitlines())
    return {key: shape for key, shape, *_ in rows}


def _implicit(key: str) -> bool:
    return re.search(r"\.i[am]\.", key) is not None


def test_has_the_official_weight_names_in_the_official_order() -> None:
    state = build_model("yolov7-tiny").state_dict()
    assert {key: str(tuple(value.shape)) for key, value in state.items()} == _official()
    assert list(state) == list(_official())


def test_plain_head_lacks_the_implicit_names_only() -> None:
    state = build_model("yolov7-tiny", head="plain").state_dict()
    assert list(state) == [key for key in _official() if not _implicit(key)]


@pytest.mark.parametrize(
    ("num_classes", "unfused", "fused"),
    [
        (80, 6_228_762, 6_219_709),
        (1, 6_014_988, 6_006_646),
        (2, 6_017_694, 6_009_343),
        (3, 6_020_400, 6_012_040),
    ],
)
def test_has_the_official_number_of_parameters(num_classes: int, unfused: int, fused: int) -> None:
    model = build_model("yolov7-tiny", num_classes)
    assert sum(p.numel() for p in model.parameters()) == unfused
    assert sum(p.numel() for p in fuse(model).parameters()) == fused


def test_train_mode_gives_raw_maps_by_stride() -> None:
    raw = build_model("yolov7-tiny", 2)(torch.rand(2, 3, 64, 96))
    assert [tuple(level.shape) for level in raw] == [
        (2, 3, 8, 12, 7),
        (2, 3, 4, 6, 7),
        (2, 3, 2, 3, 7),
    ]


def test_eval_mode_decodes_the_raw_maps_by_the_formula() -> None:
    model = build_model("yolov7-tiny", 2).eval()
    with torch.no_grad():
        level = 1
        raw = torch.randn(1, 3, 4, 6, 7)
        got = model.head.decode_level(level, raw).reshape(1, 3, 4, 6, 7)
    p = raw[0, 2, 3, 5].double().sigmoid()
    anchor = torch.tensor(model.anchors_px[level][2], dtype=torch.float64)
    centre = (2 * p[:2] - 0.5 + torch.tensor([5.0, 3.0])) * 16
    wanted = torch.cat((centre, (2 * p[2:4]) ** 2 * anchor, p[4:]))
    torch.testing.assert_close(got[0, 2, 3, 5].double(), wanted, rtol=1e-5, atol=1e-5)


def test_predicts_the_same_for_an_image_alone_and_in_a_batch() -> None:
    model = build_model("yolov7-tiny", 1).eval()
    images = torch.rand(3, 3, 64, 64)
    with torch.no_grad():
        together = model(images)
        alone = model(images[1:2])
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-3)


def test_is_the_same_in_channels_last_and_near_it_in_bfloat16() -> None:
    model = build_model("yolov7-tiny", 1).eval()
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        wanted = model(images)
        last = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        got = last(images.to(memory_format=torch.channels_last))
        with torch.autocast("cpu", torch.bfloat16):
            rough = last(images)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-3)
    assert rough.dtype == torch.float32
    assert (rough[..., 4:] - wanted[..., 4:]).abs().max() < 0.02


def test_pyramid_of_chained_pools_equals_wide_pools() -> None:
    model = build_model("yolov7-tiny", 1)
    x = torch.randn(1, 4, 13, 13)
    chained = x
    for index, kernel in ((31, 5), (32, 9), (33, 13)):
        chained = model.model[index](chained)
        wide = torch.nn.functional.max_pool2d(x, kernel, 1, kernel // 2)
        assert torch.equal(chained, wide)


def test_objectness_starts_low_and_a_single_class_neutral() -> None:
    for level, expected in enumerate((-6.685, -5.298, -3.912)):
        conv = cast("torch.nn.Conv2d", build_model("yolov7-tiny", 1).head.m[level])
        assert conv.bias is not None
        bias = conv.bias.detach().reshape(3, -1)
        bound = conv.weight[0].numel() ** -0.5  # PyTorch's default spreads this far
        assert (bias[:, 4] - expected).abs().max() <= bound + 1e-3
        assert bias[:, 5].abs().max() <= bound


def test_takes_anchors_in_pixels_and_turns_descending_ones_round() -> None:
    anchors = [[(i * 10.0 + j + 1, i * 12.0 + j + 2) for j in range(3)] for i in range(3)]
    model = build_model("yolov7-tiny", 1, anchors=anchors[::-1])
    np.testing.assert_allclose(model.anchors_px, anchors)
    np.testing.assert_allclose(model.head.anchors[2] * 32, anchors[2])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"name": "yolov9"}, "'yolov9'"),
        ({"num_classes": 0}, "num_classes is 0"),
        ({"head": "round"}, "'round'"),
        ({"anchors": [[(1, 2)]]}, r"\(1, 1, 2\)"),
        ({"anchors": [[(0, 2)] * 3] * 3}, "positive"),
    ],
)
def test_refuses_what_makes_no_network(change: dict[str, object], named: str) -> None:
    with pytest.raises(ModelError, match=named):
        build_model(**({"name": "yolov7-tiny"} | change))  # type: ignore[arg-type]


def test_every_convolution_is_followed_by_the_right_normalisation() -> None:
    for layer in build_model("yolov7-tiny").model:
        if isinstance(layer, ConvBNAct):
            assert isinstance(layer.bn, torch.nn.BatchNorm2d)
            assert (layer.bn.eps, layer.bn.momentum) == (1e-3, 0.03)
