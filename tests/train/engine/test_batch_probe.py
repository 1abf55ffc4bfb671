"""When memory runs out."""

import gc
import weakref
from collections.abc import Sequence

import pytest
import torch
from torch import nn

from edgedet.errors import ModelError
from tests.train.model.slim import slim_architecture
from train.config import Recipe
from train.engine.batch_probe import (
    early_graph,
    fitting_batch,
    is_out_of_memory,
    refuse_batch,
    refuse_killed_worker,
)
from train.engine.ema import ModelEma
from train.engine.optimizer import make_optimizer
from train.engine.precision import Precision
from train.engine.schedule import Schedule
from train.engine.step import EpochLoop, Trainee
from train.loss import DetectionLoss
from train.model import build_model

RECIPE = Recipe(nominal_batch=2)
NO_MEMORY = "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"


def make(most: int, device: str = "cpu") -> tuple[Trainee, EpochLoop]:
    """A network that runs out of memory above `most` pictures."""
    is_small = device == "cpu"  # there the hook says what fits
    model = build_model(slim_architecture("yolov7-tiny") if is_small else "yolov7-tiny", 1)
    model.to(device)

    def refuse(_module: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
        if len(inputs[0]) > most:
            raise RuntimeError(NO_MEMORY)

    model.register_forward_pre_hook(refuse)
    optimizer = make_optimizer(model, RECIPE, 2)
    trainee = Trainee(
        model, ModelEma(model, 0.9, 1), optimizer, torch.amp.GradScaler(device, enabled=False)
    )
    loop = EpochLoop(
        model,
        DetectionLoss(model, RECIPE.model_dump()),
        Schedule(RECIPE, 1, 1),
        Precision(torch.device(device), None),
        1,
    )
    return trainee, loop


def test_out_of_memory_is_told_from_other_trouble() -> None:
    assert is_out_of_memory(RuntimeError(NO_MEMORY))
    assert is_out_of_memory(RuntimeError("could not create a primitive"))
    assert is_out_of_memory(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `c"))
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not is_out_of_memory(RuntimeError("shapes differ"))


@pytest.mark.parametrize(("most", "fitting"), [(5, 4), (1, 1), (0, 0)])
def test_halves_are_tried_until_one_fits(most: int, fitting: int) -> None:
    assert fitting_batch(*make(most), 64, 8) == fitting


def test_the_batch_that_fits_is_named() -> None:
    with pytest.raises(ModelError, match=r"a batch of 8 does not fit cpu at 64 px; --batch-size 2"):
        refuse_batch(*make(3), 64, 8)
    with pytest.raises(ModelError, match="not even one picture fits cpu at 64 px"):
        refuse_batch(*make(0), 64, 8)


def test_other_trouble_in_the_probe_is_not_hidden() -> None:
    trainee, loop = make(8)

    def fail(_module: nn.Module, _inputs: object) -> None:
        msg = "shapes differ"
        raise RuntimeError(msg)

    trainee.model.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="shapes differ"):
        fitting_batch(trainee, loop, 64, 8)


def test_a_killed_worker_is_told() -> None:
    with pytest.raises(ModelError, match="fewer --workers, or --cache disk"):
        refuse_killed_worker(RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."))
    refuse_killed_worker(RuntimeError("something else"))


@pytest.mark.gpu
@pytest.mark.timeout(300)
def test_a_card_that_is_full_is_told_with_the_batch_that_fits() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(2e9 / total, 1.0))
    try:
        with pytest.raises(
            ModelError, match=r"a batch of 512 does not fit cuda .*--batch-size \d+"
        ):
            refuse_batch(*make(512, "cuda"), 640, 512)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


class _Fail(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: object, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(_ctx: object, *_gradients: torch.Tensor) -> torch.Tensor:
        raise RuntimeError(NO_MEMORY)


def test_an_early_graph_frees_what_a_failed_backward_pass_holds() -> None:
    early = early_graph()

    def fail() -> weakref.ref[torch.Tensor]:
        leaf = torch.ones(1000, requires_grad=True)
        kept = leaf * 2
        total = (kept * kept).sum() + _Fail.apply(leaf.sin()).sum()  # type: ignore[no-untyped-call]
        with pytest.raises(RuntimeError, match="can't allocate"):
            total.backward()
        return weakref.ref(kept)

    held = fail()
    gc.collect()
    assert held() is not None
    early.backward()  # type: ignore[no-untyped-call]
    gc.collect()
    assert held() is None


def test_a_backward_pass_that_fails_in_the_probe_leaves_nothing_to_the_next() -> None:
    trainee, loop = make(8)
    held: list[weakref.ref[torch.Tensor]] = []
    left: list[int] = []

    def spoil(_module: nn.Module, _inputs: object, outputs: list[torch.Tensor]) -> object:
        gc.collect()
        left.append(sum(each() is not None for each in held))
        held.extend(weakref.ref(each) for each in outputs)
        first, *others = outputs
        others = [each * each for each in others]  # keeps them for a pass that never comes
        return [_Fail.apply(first * 1), *others]  # type: ignore[no-untyped-call]

    trainee.model.register_forward_hook(spoil)
    assert fitting_batch(trainee, loop, 64, 4) == 0
    assert left == [0, 0, 0]
