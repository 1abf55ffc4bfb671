"""One round: a network trained on chosen frames through the parts of `train fit`, and scored."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.economy.plan import Plan
from train.commands.assembly import assemble
from train.commands.fit_options import FitOptions
from train.config import load_recipe
from train.engine import Scores
from train.engine.world import World


@dataclass(frozen=True, slots=True)
class Trained:
    """A round's network, what it scores after its last epoch, and the boxes that it learned."""

    weights: Path
    scores: Scores
    objects: int
    seconds: float


def train_round(
    plan: Plan, frames: Sequence[int], weights: Path | None, seed: int, folder: Path
) -> Trained:
    """Train on these frames of the stream, from `weights` or from nothing.

    On the card where there is one. A round that was killed begins anew: it is short. `threads` are
    torch's own setting.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    start_s = time.monotonic()
    repeats = max(1, round(plan.epoch / len(frames)))
    pictures = plan.start_pictures if weights is None else plan.pictures
    epochs = -(-pictures // (len(frames) * repeats))
    recipe = plan.recipe if weights is None else plan.refining
    run = assemble(
        FitOptions(
            data=_write_set(plan, frames, repeats, folder),
            out=folder / "run",
            recipe=load_recipe(recipe),
            recipe_name=recipe,
            model=plan.model,
            weights=weights,
            epochs=epochs,
            image_size=plan.image_size,
            batch_size=plan.batch_size,
            seed=seed,
            workers=0,  # no process to start an epoch, of which there are many
            evaluate_every=epochs,
        ),
        World(),
    )
    scores = run.trainer.run()
    run.folder.last.unlink()
    objects = sum(len(sample.labels) for sample in run.splits["train"]) // repeats
    return Trained(run.folder.best, scores, objects, time.monotonic() - start_s)


def _write_set(plan: Plan, frames: Sequence[int], repeats: int, folder: Path) -> Path:
    """A `data.yaml` with these frames to train on, so often, and the whole `val` to score by."""
    paths = {split: plan.spec.splits[split] for split in ("train", "val")}
    stream = plan.stream()
    labelled = [paths["train"][stream[place]] for place in sorted(frames)]
    chosen = {"train": labelled * repeats, "val": paths["val"]}
    for split, pictures in chosen.items():
        text = "".join(f"{path.resolve()}\n" for path in pictures)
        (folder / f"{split}.txt").write_text(text, encoding="utf-8")
    described = {"names": list(plan.spec.class_names), "nc": len(plan.spec.class_names)}
    places = {split: f"{split}.txt" for split in chosen}
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump(places | described), encoding="utf-8")
    return file
