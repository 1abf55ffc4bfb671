"""What test_world.py runs under torchrun and alone: batches in parts, and what came of them."""

import json
import sys
from pathlib import Path

import torch

from edgedet.errors import DataError
from tests.train.model.slim import slim_model
from train.config import Recipe
from train.data.loader import Batch
from train.engine.ema import ModelEma
from train.engine.normalisation import running_statistics
from train.engine.optimizer import make_optimizer
from train.engine.precision import Precision
from train.engine.sampling import ProcessSampler
from train.engine.schedule import Schedule
from train.engine.step import EpochLoop, Tally, Trainee, train_epoch
from train.engine.world import World, joined_world
from train.loss import DetectionLoss, Weighting, scale_gains
from train.model import DetectionNetwork

PICTURES, BATCH, STEPS = 10, 4, 3  # the last batch is smaller
RECIPE = Recipe(nominal_batch=8, warmup_epochs=0, lr0=0.01, clip_norm=1.0)


def make_batches(world: World) -> list[Batch]:
    """The batches of a process; pictures have 0 to 3 objects, so that positives differ."""
    torch.manual_seed(5)
    pictures = torch.randint(0, 256, (PICTURES, 3, 64, 64), dtype=torch.uint8)
    boxes = torch.rand(PICTURES, 3, 4) * 0.4 + 0.3
    sampler = ProcessSampler(torch.arange(PICTURES).numpy(), BATCH, (world.rank, world.size))
    batches = []
    for numbers in sampler.batches:
        rows = [
            torch.tensor([place, number % 2, *boxes[number, k].tolist()])
            for place, number in enumerate(numbers)
            for k in range(number % 4)
        ]
        targets = torch.stack(rows) if rows else torch.zeros(0, 6)
        batches.append((pictures[numbers], targets))
    return batches


def train(world: World, *, fixed_statistics: bool) -> tuple[DetectionNetwork, Trainee, Tally]:
    """An epoch; with `fixed_statistics` all normalisation is in eval mode."""
    torch.manual_seed(0)
    model = slim_model("yolov7-tiny", 2)
    optimizer = make_optimizer(model, RECIPE, BATCH)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    trainee = Trainee(model, ModelEma(model, 0.9, 1), optimizer, scaler)
    model.train()
    if fixed_statistics:
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()
    device = torch.device("cpu")
    gains = scale_gains(RECIPE.model_dump(), 2, 64)
    shares = world.shares if world.size > 1 else None
    loop = EpochLoop(
        world.wrap(model, device),
        DetectionLoss(model, gains, Weighting(shares=shares)),
        Schedule(RECIPE, 2, STEPS),
        Precision(device, None),
        accumulate=2,
        world=world,
    )
    tally = Tally()
    train_epoch(trainee, make_batches(world), loop, tally)
    return model, trainee, tally


def facts(world: World) -> dict[str, object]:
    """Sums that tell two states apart, for every process."""
    model, trainee, tally = train(world, fixed_statistics=True)
    terms = world.sums(torch.cat([tally.sums, torch.tensor([float(tally.images)])]))
    moving, moving_trainee, _ = train(world, fixed_statistics=False)
    statistics = torch.cat([s.flatten() for s in running_statistics(moving)])
    average = torch.cat([v.flatten() for v in moving_trainee.ema.model.state_dict().values()])
    return {
        "weights": torch.cat([p.detach().flatten() for p in model.parameters()]).tolist()[::7],
        "terms": (terms[:4] / terms[4]).tolist(),
        "updates": trainee.ema.updates,
        "statistics": world.gather(statistics.double().sum().item()),
        "averages": world.gather(average.double().sum().item()),
        "first": world.from_first(lambda: world.rank),
    }


def main() -> None:
    torch.set_num_threads(1)
    out, failing = Path(sys.argv[1]), len(sys.argv) > 2
    with joined_world("cpu") as world:
        if failing:
            if world.rank == 1:
                msg = "picture 7.png is broken"
                raise DataError(msg)
            world.barrier()
        found = facts(world)
        if world.is_first:
            out.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
