"""A small set in which everything that an audit can find is wrong once."""

from pathlib import Path

import cv2
import numpy as np

GOOD = "0 0.5 0.5 0.25 0.25"


def picture(seed: int, hw: tuple[int, int] = (48, 64)) -> np.ndarray:
    """A picture of coarse patches, like no other of another seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(patches, hw[::-1], interpolation=cv2.INTER_CUBIC))


def save(path: Path, image: np.ndarray, rows: str | None = GOOD) -> Path:
    """A picture and its labels; `rows` None: no label file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    if rows is not None:
        label = Path(str(path.parent).replace("/images/", "/labels/")) / f"{path.stem}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(rows + "\n", encoding="utf-8")
    return path


def make_set(folder: Path, pictures: int = 12) -> Path:
    """The `data.yaml` of a set without any fault: two classes, pictures that differ."""
    for split, start, count in (("train", 0, pictures), ("val", 500, pictures // 2)):
        for number in range(count):
            rows = f"{GOOD}\n1 0.3 0.3 0.2 0.2"
            save(folder / "images" / split / f"{'abcdefghijklmnop'[number]}.png",
                 picture(start + number), rows)  # fmt: skip
    path = folder / "data.yaml"
    path.write_text("train: images/train\nval: images/val\nnames: [man, dog]\n", encoding="utf-8")
    return path


def spoil(data_yaml: Path) -> Path:
    """Put one of every fault into a set made by `make_set`."""
    train, val = (data_yaml.parent / "images" / split for split in ("train", "val"))
    rows = {
        "rows1": "0 0.5 0.5 0.25\n0 0.5 0.5 x 0.25\n" + GOOD,
        "rows2": "2 0.5 0.5 0.25 0.25\n" + GOOD,
        "rows3": "0 0.5 0.5 0 0.25\n0 0.5 0.5 -1 0.25\n" + GOOD,
        "rows4": "0 1 0.5 0.06 0.25\n1 20 30 10 10\n" + GOOD,
        "rows5": f"{GOOD}\n{GOOD}",
        "boxes1": "0 0.5 0.5 0.01 0.25\n" + GOOD,
        "boxes2": "1 0.5 0.5 0.98 0.02\n" + GOOD,
        "boxes3": "0 0.5 0.5 1 1",
    }
    for seed, (name, text) in enumerate(rows.items(), start=100):
        save(train / f"{name}.png", picture(seed), text)
    save(train / "boxes4.png", picture(120, (800, 8)), "0 0.5 0.5 0.9 0.002\n")
    save(train / "thin.png", picture(121, (64, 640)), "0 0.5 0.5 0.9 0.1\n")
    whole = save(train / "cut <b>ü.jpg", picture(130))
    whole.write_bytes(whole.read_bytes()[:-200])
    save(train / "none.png", picture(131)).write_bytes(b"")
    save(train / "nofile.png", picture(132), None)
    save(train / "background.png", picture(133), "")
    save(train / "small.png", picture(134, (16, 16)))
    save(train / "copy1.png", picture(135))
    save(train / "copy2.png", picture(135))
    save(val / "copy3.png", picture(135))
    save(train / "twin1.png", picture(136))
    save(val / "twin2.jpg", picture(136))
    save(train / "rf_jpg.rf.1a.png", picture(137))
    save(val / "rf_jpg.rf.2b.png", picture(138))
    save(val / "dark.png", picture(139)).with_name("x")
    (data_yaml.parent / "labels" / "val" / "lonely.txt").write_text(GOOD, encoding="utf-8")
    (data_yaml.parent / "labels" / "val" / "dark.txt").write_bytes(b"\xff\xfe\x00")
    return data_yaml
