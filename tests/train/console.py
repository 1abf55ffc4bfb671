"""Calling `python -m train` in this process, and a data set small enough to do so."""

import logging
import sys
from pathlib import Path

import cv2
import numpy as np
import yaml

from train.cli import main

SIDE = 64


def call(*arguments: object) -> int:
    """The exit code of `python -m train ARGUMENTS`, without importing torch once more."""
    root, argv = logging.getLogger(), sys.argv
    handlers, level = root.handlers[:], root.level
    sys.argv = ["train", *map(str, arguments)]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = argv
        root.handlers[:] = handlers
        root.setLevel(level)
    return 0


def make_data(folder: Path, names: tuple[str, ...] = ("square",), pictures: int = 6) -> Path:
    """A `data.yaml` of pictures with a bright square each, the same for training and scoring."""
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        images, labels = folder / "images" / split, folder / "labels" / split
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for number in range(pictures):
            picture = rng.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
            x, y = rng.integers(0, SIDE // 2, 2).tolist()
            picture[y : y + SIDE // 2, x : x + SIDE // 2] = 220
            cv2.imwrite(str(images / f"{number}.png"), picture)
            row = f"{number % len(names)} {x / SIDE + 0.25} {y / SIDE + 0.25} 0.5 0.5\n"
            (labels / f"{number}.txt").write_text(row, encoding="utf-8")
    content = {"train": "images/train", "val": "images/val", "names": list(names)}
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def fit_arguments(data: Path, out: Path, epochs: int = 1) -> list[object]:
    """The smallest run there is."""
    given: dict[str, object] = {
        "data": data,
        "out": out,
        "recipe": "finetune",
        "epochs": epochs,
        "image-size": SIDE,
        "batch-size": 2,
        "workers": 0,
        "threads": 1,
        "device": "cpu",
    }
    return ["fit", *(part for key, value in given.items() for part in (f"--{key}", value))]
