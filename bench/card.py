"""A CUDA card: what a step of training costs, and the forward pass against its floor.

    python -m bench.card --image-size 640 --batch-size 64

Two ceilings are measured first: a bfloat16 matrix product, and a copy within the card's memory. The
floor of a forward pass is the longer of two times: the operations of its convolutions at the first
ceiling, and the bytes of all their inputs, weights and outputs, each moved once, at the second. A
step is forward, loss, backward and update on a batch that lies in the card's memory; no loader.
Medians of rounds, eager and compiled in turn, on random data.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import cast

import torch
from torch import nn

from train.engine.machine import use_channels_last
from train.loss import TINY_HYP, DetectionLoss, scale_gains
from train.machine import describe_machine
from train.model import DetectionNetwork, build_model, fuse
from train.model.cost import measure_cost

_BOXES_PER_IMAGE = 5
_MATRIX, _COPIED_BYTES = 8192, 1 << 31


def main() -> int:
    """Print ceilings, then forward and step."""
    options = _parser().parse_args()
    if not torch.cuda.is_available():
        print("needs a CUDA card", file=sys.stderr)
        return 1
    torch.manual_seed(0)
    print(describe_machine("cuda"), f"torch {torch.__version__}", sep=", ")
    operations_s, bytes_s = _ceilings(options.rounds)
    print(f"matrix product {operations_s / 1e12:.0f} TFLOP/s, copy {bytes_s / 1e12:.2f} TB/s")
    _forward(options, operations_s, bytes_s)
    _parts(options)
    _steps(options)
    return 0


def _ceilings(rounds: int) -> tuple[float, float]:
    """Operations and bytes a second."""
    left, right = (
        torch.randn(_MATRIX, _MATRIX, device="cuda", dtype=torch.bfloat16) for _ in range(2)
    )
    source = torch.empty(_COPIED_BYTES, device="cuda", dtype=torch.uint8).random_()
    target = torch.empty_like(source)
    product_s = _seconds(lambda: left @ right, rounds)
    copy_s = _seconds(lambda: target.copy_(source), rounds)
    return 2 * _MATRIX**3 / product_s, 2 * _COPIED_BYTES / copy_s


def _forward(options: argparse.Namespace, operations_s: float, bytes_s: float) -> None:
    model = fuse(build_model(options.model, 1)).eval().cuda().bfloat16()
    use_channels_last(model)
    images = _images(options).bfloat16()
    moved = _moved_bytes(model, images)
    cost = measure_cost(model, (options.image_size, options.image_size))
    floors_s = (cost.gflops * 1e9 * len(images) / operations_s, moved / bytes_s)
    ways: dict[str, nn.Module] = {"eager": model}
    if options.compiled:
        ways["compiled"] = _compile(model)
    with torch.inference_mode():
        for name, way in ways.items():
            took_s = _seconds(lambda way=way: way(images), options.rounds)  # type: ignore[misc]
            print(
                f"forward, {name}: {took_s * 1e3:.2f} ms, {len(images) / took_s:.0f} images/s; "
                f"floor {max(floors_s) * 1e3:.2f} ms (arithmetic {floors_s[0] * 1e3:.2f}, memory "
                f"{floors_s[1] * 1e3:.2f}), x {took_s / max(floors_s):.1f}"
            )


def _moved_bytes(model: nn.Module, images: torch.Tensor) -> int:
    """Bytes of inputs, weights and outputs of all convolutions."""
    sizes: list[int] = []

    def note(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        tensors = [*inputs, *layer.parameters(), output]
        sizes.extend(each.numel() * each.element_size() for each in tensors)

    hooks = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, nn.Conv2d)]
    with torch.inference_mode():
        model(images)
    for hook in hooks:
        hook.remove()
    return sum(sizes)


def _parts(options: argparse.Namespace) -> None:
    """The two halves of a step: the network there and back, and the loss with its gradient."""
    images, targets = _images(options), _targets(options.batch_size)
    model = build_model(options.model, 1).cuda().train()
    use_channels_last(model)
    loss_of = DetectionLoss(model, scale_gains(TINY_HYP, 1, options.image_size))

    def network() -> list[torch.Tensor]:
        with torch.autocast("cuda", dtype=torch.bfloat16):
            maps: list[torch.Tensor] = model(images)
        torch.stack([level.float().mean() for level in maps]).sum().backward()  # type: ignore[no-untyped-call]
        return maps

    maps = [level.detach().float().requires_grad_() for level in network()]

    def loss() -> None:
        loss_of(maps, targets, images)[0].backward()  # type: ignore[no-untyped-call]

    for name, part in {"network": network, "loss": loss}.items():
        took_s = _seconds(part, options.rounds)
        print(f"{name}, there and back: {took_s * 1e3:.1f} ms")


def _steps(options: argparse.Namespace) -> None:
    images, targets = _images(options), _targets(options.batch_size)
    for name in ("eager", "compiled") if options.compiled else ("eager",):
        model = build_model(options.model, 1).cuda().train()
        use_channels_last(model)
        network = model if name == "eager" else _compile(model)
        step = _step(model, network, images, targets, options.image_size)
        torch.cuda.reset_peak_memory_stats()
        start_s = time.perf_counter()
        step()
        torch.cuda.synchronize()
        first_s = time.perf_counter() - start_s
        took_s = _seconds(step, options.rounds)
        peak = torch.cuda.max_memory_allocated() / 2**30
        print(
            f"step, {name}: {took_s * 1e3:.1f} ms, {len(images) / took_s:.0f} images/s, peak "
            f"{peak:.2f} GiB; the first step {first_s:.1f} s"
        )


def _step(
    model: DetectionNetwork,
    network: nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    image_size: int,
) -> Callable[[], object]:
    loss_of = DetectionLoss(model, scale_gains(TINY_HYP, 1, image_size))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9, nesterov=True)

    def step() -> None:
        with torch.autocast("cuda", dtype=torch.bfloat16):
            outputs = network(images)
        loss, _ = loss_of(outputs, targets, images)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def _compile(network: nn.Module) -> nn.Module:
    return cast("nn.Module", torch.compile(network))


def _images(options: argparse.Namespace) -> torch.Tensor:
    side = options.image_size
    images = torch.rand(options.batch_size, 3, side, side, device="cuda")
    return images.contiguous(memory_format=torch.channels_last)


def _targets(pictures: int) -> torch.Tensor:
    count = _BOXES_PER_IMAGE * pictures
    targets = torch.rand(count, 6) * torch.tensor([0, 0, 0.8, 0.8, 0.1, 0.2])
    targets += torch.tensor([0, 0, 0.1, 0.1, 0.02, 0.04])
    targets[:, 0] = torch.arange(count) % pictures
    return targets.cuda()


def _seconds(run: Callable[[], object], rounds: int) -> float:
    """Median of rounds by the card's own clock, after three that do not count."""
    found: list[float] = []
    for number in range(rounds + 3):
        begin, end = _event(), _event()
        begin.record()
        run()
        end.record()
        end.synchronize()
        if number >= 3:
            found.append(float(begin.elapsed_time(end)) / 1e3)
    return statistics.median(found)


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="yolov7-tiny")
    parser.add_argument("--image-size", type=int, default=640)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument(
        "--compiled",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="too, which takes two minutes the first time",
    )
    parser.add_argument("--rounds", type=int, default=30)
    return parser


if __name__ == "__main__":
    sys.exit(main())
