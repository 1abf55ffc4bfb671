"""Which device, and which numbers."""

import pytest
import torch

from edgedet.errors import ModelError, UsageError
from train.engine.precision import Precision, choose_device

CPU = torch.device("cpu")


def test_float32_is_taken_where_the_cpu_has_nothing_faster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert Precision.choose(CPU).autocast is None
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert Precision.choose(CPU).autocast is torch.bfloat16


def test_what_is_asked_for_is_taken() -> None:
    assert Precision.choose(CPU, "fp32") == Precision(CPU, None)
    assert Precision.choose(CPU, "bf16") == Precision(CPU, torch.bfloat16)


def test_float16_needs_a_card() -> None:
    with pytest.raises(UsageError, match="fp16: training in float16 needs a CUDA card"):
        Precision.choose(CPU, "fp16")
    assert Precision.choose(torch.device("cuda"), "fp16").is_scaled


def test_devices_that_are_not_there_are_told() -> None:
    with pytest.raises(UsageError, match="device 'gpu' is not one that torch knows"):
        choose_device("gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="torch sees no CUDA device; use --device cpu"):
            choose_device("cuda:1")
