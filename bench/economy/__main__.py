"""Label economy: AP@50:95 against labels spent, by who picks the frames. Resumable.

    python -m bench.economy --data data/pets09/data.yaml --out runs/economy --seeds 0 1 2

Split `train` is the pool, `val` is what is scored. For each seed one network is trained on the
start set; then each way picks frames up to each budget, by what the network of its last stage sees,
and a network is trained from the start's weights on all frames picked so far. A finished round is
a line of `rounds.jsonl`; the same command goes on where it was ended. Several processes may share
the folder if their seeds or ways differ.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.economy.plan import START_WAY, Plan, Quiet, Round, Rounds
from bench.economy.pool import look_at
from bench.economy.rules import RULES
from bench.economy.training import train_round
from bench.economy.ways import CHANCE, STREAMS, pick, pick_by_chance, settings_digest, start_frames
from train.data.dataset import read_data_yaml


def main() -> int:
    """Run what is missing, and tell each round."""
    options = _parser().parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        read_data_yaml(options.data),
        options.out,
        pictures=options.pictures,
        start_pictures=options.start_pictures or options.pictures,
        refining=options.refining,
        quiet=options.quiet,
    )
    experiment = Experiment(plan, tuple(sorted(options.budgets)))
    for seed in options.seeds:
        experiment.run(seed, options.ways)
    return 0


class Experiment:
    """The rounds of a plan, up to the last of its budgets."""

    def __init__(self, plan: Plan, budgets: tuple[int, ...]) -> None:
        self._plan, self._budgets = plan, budgets
        self._rounds = Rounds(plan.out / "rounds.jsonl", plan.digest())
        self._pool = plan.spec.samples("train")
        self._stream = plan.stream()

    def run(self, seed: int, ways: Sequence[str]) -> None:
        """All stages, after the start's round; the ways take turns, so that all get equally far."""
        start = self._start(seed)
        last = dict.fromkeys(ways, start)
        for number, budget in enumerate(self._budgets):
            for way in ways:
                settings = settings_digest(way, self._budgets[: number + 1])
                done = self._rounds.find(seed, way, settings)
                if done is None:
                    before = last[way]
                    frames = sorted({*before.frames, *self._pick(way, before, budget)})
                    done = self._round(seed, way, settings, budget, frames, start)
                last[way] = done

    def _start(self, seed: int) -> Round:
        count = self._plan.labels
        settings = settings_digest(START_WAY, (count,))
        done = self._rounds.find(seed, START_WAY, settings)
        if done is not None and self._weights(done).is_file():
            return done
        frames = start_frames(len(self._stream), count, seed)
        return self._round(seed, START_WAY, settings, count, frames, None)

    def _pick(self, way: str, last: Round, budget: int) -> list[int]:
        """What a way adds to the frames of its last stage, by what that stage's network sees."""
        count = budget - len(last.frames)
        if way == CHANCE:
            return pick_by_chance(len(self._stream), last.frames, count, last.seed)
        pool = look_at(self._plan, self._pool, self._weights(last))
        return pick(way, pool, last.frames, count, last.seed)

    def _round(  # noqa: PLR0913 - what names a round, and what it is made of
        self,
        seed: int,
        way: str,
        settings: str,
        budget: int,
        frames: list[int],
        start: Round | None,
    ) -> Round:
        plan = self._plan
        weights = None if start is None else self._weights(start)
        folder = self._folder(seed, way, settings)
        # one seed for all ways at a budget: what they differ by is the frames
        made = train_round(plan, frames, weights, 1000 * seed + budget, folder)
        done = Round(
            plan.digest(),
            seed,
            way,
            settings,
            budget,
            made.objects,
            made.scores.ap50,
            made.scores.ap,
            made.seconds,
            tuple(frames),
        )
        self._rounds.add(done)
        print(
            f"seed {seed}, {way}: {len(frames)} of {budget} labels, {made.objects} boxes: "
            f"AP@50:95 {done.ap:.4f}, AP@50 {done.ap50:.4f}; {made.seconds:.0f} s",
            flush=True,
        )
        return done

    def _weights(self, done: Round) -> Path:
        return self._folder(done.seed, done.way, done.settings) / "run" / "best.pt"

    def _folder(self, seed: int, way: str, settings: str) -> Path:
        return self._plan.out / self._plan.digest() / f"{seed}-{way}-{settings}"


def _quiet(text: str) -> Quiet:
    """A stretch by the numbers of its first and last frame, from 1, and how often it is played."""
    found = re.fullmatch(r"(\d+)-(\d+)x(\d+)", text)
    if found is None or not 0 < int(found[1]) <= int(found[2]) or not int(found[3]):
        msg = f"'{text}': expected FIRST-LASTxTIMES, as in 396-475x20"
        raise argparse.ArgumentTypeError(msg)
    return Quiet(int(found[1]) - 1, int(found[2]) - 1, int(found[3]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.economy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ways = (CHANCE, *STREAMS, *RULES)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="data.yaml; train is the pool, val is scored")
    add("--out", type=Path, required=True, help="folder of rounds.jsonl and checkpoints")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], help="(%(default)s)")
    add("--budgets", type=int, nargs="+", default=[50, 100, 200], help="labels (%(default)s)")
    add("--ways", nargs="+", choices=ways, default=[CHANCE, "entropy"], help="(%(default)s)")
    add("--pictures", type=int, default=1600, help="a round trains on (%(default)s)")
    add("--start-pictures", type=int, default=0, help="the start trains on; 0: as a round")
    add("--refining", default="finetune-small", help="recipe of the rounds (%(default)s)")
    add("--quiet", type=_quiet, help="396-475x20: these frames of the pool, played so often")
    add("--threads", type=int, default=0, help="of a round; 0: all cores")
    return parser


if __name__ == "__main__":
    sys.exit(main())
