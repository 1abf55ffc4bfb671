"""Sets of bright squares, as a camera would have taken them."""

from pathlib import Path

import cv2
import numpy as np
import yaml

from tests.train.console import SIDE


def squares(
    folder: Path,
    split: str,
    count: int,
    seed: int,
    source_id: str = "",
    names: tuple[str, ...] = ("square",),
) -> Path:
    """A `data.yaml` with one split: pictures with a bright square each, of a camera if named."""
    rng = np.random.default_rng(seed)
    images, labels = folder / "images" / split, folder / "labels" / split
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    for number in range(count):
        image = rng.integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
        x, y = rng.integers(0, SIDE // 2, 2).tolist()
        image[y : y + SIDE // 2, x : x + SIDE // 2] = 220
        name = (
            f"{source_id}-20260504T09{number:02d}00000-{number:08x}" if source_id else f"p{number}x"
        )
        cv2.imwrite(str(images / f"{name}.png"), image)
        row = f"0 {x / SIDE + 0.25} {y / SIDE + 0.25} 0.5 0.5\n"
        (labels / f"{name}.txt").write_text(row, encoding="utf-8")
    path = folder / "data.yaml"
    path.write_text(
        yaml.safe_dump({split: f"images/{split}", "names": list(names)}), encoding="utf-8"
    )
    return path
