"""Memory layout and compiler."""

import logging
from collections.abc import Callable

import pytest
import torch
from torch import nn

from edgedet.errors import UsageError
from train.engine.machine import Machine, compiled, use_channels_last
from train.engine.normalisation import NormalisationStart
from train.engine.precision import Precision
from train.model import build_model

CPU = Precision(torch.device("cpu"), None)


def test_only_convolutions_change_their_layout() -> None:
    model = build_model("yolov7-tiny", 1)
    use_channels_last(model)

    assert model.get_parameter("model.0.conv.weight").is_contiguous(
        memory_format=torch.channels_last
    )
    assert model.get_parameter("model.77.im.0.implicit").stride() == (18, 1, 1, 1)


def test_without_a_compiler_the_network_is_called_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_what: object) -> object:
        msg = "no C++ compiler\nand much more"
        raise RuntimeError(msg)

    monkeypatch.setattr(torch, "compile", fail)
    model = build_model("yolov7-tiny", 1)
    with caplog.at_level(logging.WARNING):
        assert compiled(model) is model
    assert "no compiler works here (no C++ compiler); training without it" in caplog.text


def test_the_compiler_waits_until_momenta_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_calls: list[object] = []

    def note(what: Callable[..., object]) -> Callable[..., object]:
        def call(*inputs: object) -> object:
            compiled_calls.append(what)
            return what(*inputs)

        return call

    monkeypatch.setattr(torch, "compile", note)
    network = nn.BatchNorm2d(1, momentum=0.03)
    start, called, steps = NormalisationStart(network), compiled(network), 0
    while network not in compiled_calls:
        start.before_step()
        called(torch.rand(2, 1, 4, 4))
        steps += 1

    assert steps == 34  # of 1, 1/2 … 1/33 and then 0.03


def test_sync_bn_needs_cards() -> None:
    with pytest.raises(UsageError, match="each process normalises by its own part"):
        Machine(CPU, sync_bn=True)
