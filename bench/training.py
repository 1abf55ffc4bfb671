"""Images a second of training: whole epochs of `train fit` against bare steps, interleaved.

    python -m bench.training --data data/pets09/data.yaml --rounds 3

A bare step is forward, loss and backward on one batch that is already in memory: no loader, no
optimiser, no averaging. `float32` is the plain step of the published code (contiguous tensors,
float32); `ours` is the precision and layout that `fit` chooses here. Of each run of `fit` the last
epoch counts, by its own `results.csv`; reading and scoring are not in it, augmentation is. Every
measurement is a process of its own, and the ways take turns.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from train.engine.memory import keep_freed_memory
from train.engine.precision import Precision
from train.loss import TINY_HYP, DetectionLoss, scale_gains
from train.model import build_model

_TIMEOUT_S = 3600
_BOXES_PER_IMAGE = 5  # as many as PETS09 has
_WARMUP_STEPS = 2


def main() -> None:
    """Print a line a measurement, then the table of medians and ratios."""
    options = _parser().parse_args()
    if options.bare is not None:
        print(bare_step(options, ours=options.bare == "ours"))
        return
    labels = ("bare step, float32", "bare step, ours", "fit, whole epochs")
    figures: dict[str, list[float]] = {label: [] for label in labels}
    for number in range(options.rounds):
        for label, measured in zip(labels, _round(options), strict=True):
            figures[label].append(measured)
            print(f"round {number + 1}: {label}: {measured:.2f} images/s", flush=True)
    base = statistics.median(figures[labels[0]])
    print(f"\n{'what':<22}{'min':>8}{'median':>8}{'max':>8}{'ratio':>8}")
    for label, values in figures.items():
        middle = statistics.median(values)
        print(
            f"{label:<22}{min(values):>8.2f}{middle:>8.2f}{max(values):>8.2f}{middle / base:>8.3f}"
        )


def bare_step(options: argparse.Namespace, *, ours: bool) -> float:
    """Images a second, by the median of `--steps` steps."""
    if ours:
        keep_freed_memory()
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = Precision.choose(device) if ours else Precision(device, None)
    model = build_model(options.model, 1).to(device).train()
    images = torch.rand(options.batch_size, 3, options.image_size, options.image_size).to(device)
    if ours:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        images = images.contiguous(memory_format=torch.channels_last)
    count = _BOXES_PER_IMAGE * options.batch_size
    targets = torch.rand(count, 6) * torch.tensor([0, 0, 0.8, 0.8, 0.1, 0.2])
    targets += torch.tensor([0, 0, 0.1, 0.1, 0.02, 0.04])
    targets[:, 0] = torch.arange(count) % options.batch_size
    loss_of = DetectionLoss(model, scale_gains(TINY_HYP, 1, options.image_size))
    seconds: list[float] = []
    for _ in range(_WARMUP_STEPS + options.steps):
        model.zero_grad(set_to_none=True)
        start_s = time.perf_counter()
        with torch.autocast(
            device.type, dtype=precision.autocast, enabled=precision.autocast is not None
        ):
            outputs = model(images)
        loss, _ = loss_of(outputs, targets.to(device), images)
        loss.backward()  # type: ignore[no-untyped-call]
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start_s)
    return float(options.batch_size / statistics.median(seconds[_WARMUP_STEPS:]))


def _round(options: argparse.Namespace) -> tuple[float, float, float]:
    return _run_bare("float32", options), _run_bare("ours", options), _run_fit(options)


def _run_bare(which: str, options: argparse.Namespace) -> float:
    given = ["--image-size", options.image_size, "--batch-size", options.batch_size]
    given += ["--steps", options.steps, "--model", options.model, "--bare", which]
    return float(_run(["-m", "bench.training", *map(str, given)]))


def _run_fit(options: argparse.Namespace) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "run"
        given: dict[str, object] = {
            "data": options.data,
            "model": options.model,
            "recipe": options.recipe,
            "epochs": options.epochs,
            "image-size": options.image_size,
            "batch-size": options.batch_size,
            "evaluate-every": options.epochs,
            "workers": options.workers,
            "out": out,
        }
        pairs = (str(part) for key, value in given.items() for part in (f"--{key}", value))
        _run(["-m", "train", "fit", *pairs])
        with (out / "results.csv").open(encoding="utf-8") as file:
            return float(list(csv.DictReader(file))[-1]["images_per_s"])


def _run(arguments: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return done.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="data.yaml; needed but for --bare")
    parser.add_argument("--model", default="yolov7-tiny")
    parser.add_argument("--recipe", default="scratch")
    parser.add_argument("--image-size", type=int, default=416)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=2, help="of each run of fit")
    parser.add_argument("--workers", type=int, default=1, help="of the loader")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8, help="of each bare measurement")
    parser.add_argument("--bare", choices=("float32", "ours"), help="one measurement, here")
    return parser


if __name__ == "__main__":
    main()
