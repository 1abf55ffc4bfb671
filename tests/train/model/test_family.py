"""The larger members against facts about the original: rows, names, sizes, cost. Shapes only."""

import csv
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
import torch

from train.model import DetectionNetwork, build_model, fuse
from train.model.architectures import ARCHITECTURES, row_channels
from train.model.cost import measure_cost
from train.model.head import HeadKind
from train.model.members import find_architecture

TABLES = Path(__file__).with_name("family")
MEMBERS = ("yolov7", "yolov7x", "yolov7-w6", "yolov7-e6", "yolov7-d6", "yolov7-e6e")
FORMS: tuple[HeadKind, ...] = ("implicit", "plain")
KINDS = {
    "Conv": "conv",
    "MP": "pool",
    "Upsample": "upsample",
    "Concat": "concat",
    "Shortcut": "shortcut",
    "ReOrg": "reorg",
    "DownC": "downc",
    "SPPCSPC": "sppcspc",
    "RepConv": "repconv",
}

# SHA-256 of all lines "key shape dtype" of the state dict, in its order, 16 digits
STATE_DIGESTS = {
    ("yolov7", "implicit"): "5b6aba37caec76f4",
    ("yolov7", "plain"): "0dabf57031842f12",
    ("yolov7x", "implicit"): "3f2889897c0d4df9",
    ("yolov7x", "plain"): "3859b75aa55deeea",
    ("yolov7-w6", "implicit"): "b50c8451c90fc849",
    ("yolov7-w6", "plain"): "e1c8687060e3e716",
    ("yolov7-e6", "implicit"): "759469944ba65c15",
    ("yolov7-e6", "plain"): "3a4aab161c1064a4",
    ("yolov7-d6", "implicit"): "02256da1ac49239b",
    ("yolov7-d6", "plain"): "40b79d48f3934cf1",
    ("yolov7-e6e", "implicit"): "a3a12511b8141c59",
    ("yolov7-e6e", "plain"): "5d8965f7f1b41331",
}
# parameters of the training, deployed and fused forms; head index of the first two; keys
SIZES = {
    "yolov7": ((37_622_682, 37_620_125, 36_905_341), (105, 105), (566, 560)),
    "yolov7x": ((71_347_394, 71_344_389, 71_311_741), (121, 121), (644, 638)),
    "yolov7-w6": ((82_312_436, 70_426_236, 70_394_300), (122, 118), (668, 628)),
    "yolov7-e6": ((111_898_292, 97_246_652, 97_202_940), (144, 140), (896, 856)),
    "yolov7-d6": ((154_709_364, 133_810_044, 133_757_052), (166, 162), (1028, 988)),
    "yolov7-e6e": ((166_408_884, 151_757_244, 151_687_420), (265, 261), (1490, 1450)),
}
GFLOPS_AT_256 = {
    "yolov7": (16.92, 16.92, 16.72),
    "yolov7x": (30.35, 30.35, 30.35),
    "yolov7-w6": (16.80, 14.39, 14.39),
    "yolov7-e6": (23.52, 20.58, 20.58),
    "yolov7-d6": (32.24, 28.07, 28.07),
    "yolov7-e6e": (36.63, 33.69, 33.69),
}


@pytest.fixture(autouse=True)
def shapes_only() -> Iterator[None]:
    """Networks without numbers: D6 alone would take 600 MB."""
    with torch.device("meta"):
        yield


@lru_cache
def _built(name: str, head: HeadKind = "implicit") -> DetectionNetwork:
    return build_model(name, head=head)


@pytest.mark.parametrize("name", MEMBERS)
def test_has_the_recorded_rows(name: str) -> None:
    with (TABLES / f"{name}.tsv").open() as file:
        recorded = list(csv.DictReader(file, delimiter="\t"))
    architecture = find_architecture(name)
    rows = architecture.rows(auxiliary=True)
    channels = row_channels(rows)
    model = _built(name)

    assert len(rows) == len(recorded)
    for index, (spec, row) in enumerate(zip(rows, recorded, strict=True)):
        sources = [-1 if s == "image" else int(s) for s in row["from"].split(",")]
        assert (spec.kind, list(spec.sources)) == (KINDS[row["module"]], sources), index
        assert sum(channels[s] for s in sources[: 1 if spec.kind == "shortcut" else None]) == int(
            row["in"]
        )
        assert channels[index] == int(row["out"])
        parameters = sum(p.numel() for p in model.model[index].parameters())
        assert parameters == int(row["parameters"]), index
        if spec.kind in ("conv", "repconv", "downc", "pool"):
            assert (spec.kernel, spec.stride) == (int(row["kernel"]), int(row["stride"])), index


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("head", FORMS)
def test_has_the_official_weight_names_and_shapes_in_the_official_order(
    name: str, head: HeadKind
) -> None:
    state = _built(name, head).state_dict()
    lines = [
        f"{key} {'x'.join(map(str, v.shape)) or 'scalar'} {str(v.dtype).removeprefix('torch.')}\n"
        for key, v in state.items()
    ]

    assert len(lines) == SIZES[name][2][FORMS.index(head)]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()[:16]
    assert digest == STATE_DIGESTS[name, head]


@pytest.mark.parametrize("name", MEMBERS)
def test_has_the_official_size_and_cost_in_every_form(name: str) -> None:
    training, deployed = _built(name), _built(name, "plain")
    forms = (training, deployed, fuse(deployed))
    costs = [measure_cost(model, (256, 256)) for model in forms]
    parameters, head_indexes, _ = SIZES[name]

    assert tuple(cost.parameters for cost in costs) == parameters
    assert (training.head_index, deployed.head_index) == head_indexes
    assert [cost.gflops for cost in costs] == pytest.approx(GFLOPS_AT_256[name], abs=0.0051)


@pytest.mark.parametrize("name", MEMBERS)
def test_fusing_the_training_form_gives_the_fused_deployed_form(name: str) -> None:
    wanted = {k: v.shape for k, v in fuse(_built(name, "plain")).state_dict().items()}
    fused = fuse(_built(name))

    assert {key: value.shape for key, value in fused.state_dict().items()} == wanted
    assert (fused.fused, fused.has_auxiliary, fused.head.kind) == (True, False, "plain")
    assert _shapes(fused(torch.empty(2, 3, 64, 128))) == [(2, _count(name, 64, 128), 85)]


@pytest.mark.parametrize("name", MEMBERS)
def test_train_mode_gives_lead_maps_then_auxiliary_ones(name: str) -> None:
    strides = find_architecture(name).strides
    lead = [(2, 3, 64 // s, 128 // s, 85) for s in strides]

    model = _built(name)
    repeats = 2 if model.has_auxiliary else 1
    assert model.has_auxiliary == (len(strides) == 4)
    assert _shapes(model(torch.empty(2, 3, 64, 128))) == lead * repeats
    assert _shapes(_built(name, "plain")(torch.empty(2, 3, 64, 128))) == lead


def test_every_member_has_a_name_of_its_own_and_a_head_of_its_own_place() -> None:
    assert [a.name for a in ARCHITECTURES] == ["yolov7-tiny", *MEMBERS]
    places = [len(a.rows(auxiliary=flag)) for a in ARCHITECTURES for flag in (False, True)]
    assert len(set(places)) == 3 + 2 * 4  # three have no auxiliary head


def test_both_heads_start_with_a_low_objectness() -> None:
    with torch.device("cpu"):
        model = build_model("yolov7-w6", 1)
    assert model.head.m2 is not None
    for convs in (model.head.m, model.head.m2):
        for conv, expected in zip(convs, (-6.685, -5.298, -3.912, -2.526), strict=True):
            assert isinstance(conv, torch.nn.Conv2d)
            assert conv.bias is not None
            objectness = conv.bias.detach().reshape(3, -1)[:, 4]
            assert (objectness - expected).abs().max() <= conv.in_channels**-0.5 + 1e-3


def _shapes(out: list[torch.Tensor] | torch.Tensor) -> list[tuple[int, ...]]:
    maps = [out] if isinstance(out, torch.Tensor) else out
    return [tuple(level.shape) for level in maps]


def _count(name: str, height: int, width: int) -> int:
    return sum(3 * (height // s) * (width // s) for s in find_architecture(name).strides)
