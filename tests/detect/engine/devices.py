"""A machine with a GPU, for tests: one binding, one TensorRT, both imitated."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from tests.detect.cuda import fake_bindings
from tests.detect.cuda.fake_gpu import FakeGpu
from tests.detect.engine import fake_tensorrt
from tests.detect.engine.fake_tensorrt import Story


@dataclass
class Machine:
    gpu: FakeGpu
    story: Story

    def assert_clean(self) -> None:
        """Nothing of CUDA and of TensorRT is left."""
        self.gpu.assert_clean()
        assert self.story.alive == set()


def make_machine(
    monkeypatch: pytest.MonkeyPatch,
    version: str = "10.3.0",
    binding: str = "cuda-bindings",
    *,
    is_integrated: bool = False,
) -> Machine:
    gpu = FakeGpu(is_integrated=is_integrated)
    fake_bindings.install(monkeypatch, binding, gpu)
    story = fake_tensorrt.install(monkeypatch, version, gpu)
    # engines are compared by what the imitation says that they take, not by what it takes here
    clock = SimpleNamespace(perf_counter=lambda: story.clock_s)
    monkeypatch.setattr("edgedet.detect.engine.trial.time", clock)
    monkeypatch.setattr("edgedet.detect.engine.trial._BUDGET_S", 0.0)
    return Machine(gpu, story)
