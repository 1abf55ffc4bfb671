"""A street made of shapes, with people, cars and bicycles: pictures that anyone may publish.

Two cameras that stand still look at it, one by day and one in the evening.
"""

from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

CLASS_NAMES = ("person", "car", "bicycle")
HEIGHT, WIDTH = 360, 480
_HORIZON = 130  # row at which the road meets the houses
_CLOTHES = (
    (176, 58, 46),
    (36, 113, 163),
    (40, 116, 80),
    (212, 172, 13),
    (125, 60, 152),
    (60, 60, 66),
)
_PAINT = (
    (192, 57, 43),
    (41, 98, 160),
    (236, 240, 241),
    (52, 73, 94),
    (241, 196, 15),
    (39, 124, 90),
)
_SKIN = ((241, 205, 176), (198, 134, 96), (120, 78, 52))

U8 = NDArray[np.uint8]
Colour = tuple[int, ...]
Box = tuple[float, float, float, float]


def write_set(folder: Path, pictures: int) -> Path:
    """A YOLO data set of `pictures`, alternately from both cameras; its `data.yaml`."""
    images, labels = folder / "images" / "train", folder / "labels" / "train"
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    for number in range(pictures):
        picture, rows = draw_street(number % 2, default_rng([7, number]))
        cv2.imwrite(str(images / f"{number:03d}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        text = "".join(f"{row[0]} {' '.join(f'{v:.6f}' for v in row[1:])}\n" for row in rows)
        (labels / f"{number:03d}.txt").write_text(text, encoding="utf-8")
    path = folder / "data.yaml"
    content = {"train": "images/train", "names": list(CLASS_NAMES)}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def draw_street(camera: int, rng: Generator) -> tuple[U8, list[tuple[float, ...]]]:
    """A picture (360, 480, 3) and its labels: class id, cx, cy, w, h as shares."""
    image = _draw_ground(camera)
    kinds = [0, 1, 2, 0, 0, 1][: int(rng.integers(3, 7))]
    feet = sorted((float(rng.uniform(170, 345)), kind) for kind in kinds)
    rows: list[tuple[float, ...]] = []
    for foot, kind in feet:
        size = (foot - 90) / 255  # 1 at the lower side
        x = float(rng.uniform(40, WIDTH - 40))
        x1, y1, x2, y2 = (_draw_person, _draw_car, _draw_bicycle)[kind](image, x, foot, size, rng)
        x1, x2 = max(x1, 0), min(x2, WIDTH)
        y1, y2 = max(y1, 0), min(y2, HEIGHT)
        centre = ((x1 + x2) / 2 / WIDTH, (y1 + y2) / 2 / HEIGHT)
        rows.append((kind, *centre, (x2 - x1) / WIDTH, (y2 - y1) / HEIGHT))
    if camera:
        warm = image.astype(np.float32) * (0.74, 0.62, 0.60) + (18, 10, 14)
        image = np.clip(warm, 0, 255).astype(np.uint8)
    grain = rng.normal(0, 1.0, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8), rows


def _draw_ground(camera: int) -> U8:
    """Sky, houses, pavement, road and grass; the same for every picture of a camera."""
    rng = default_rng(camera)
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    sky = np.linspace(0, 1, _HORIZON)[:, None, None]
    image[:_HORIZON] = (120, 170, 215) * (1 - sky) + np.array((215, 228, 238)) * sky
    x = 0
    while x < WIDTH:
        width, top = int(rng.integers(70, 130)), int(rng.integers(15, 70))
        wall = tuple(int(v) for v in rng.integers((150, 110, 90), (215, 180, 160)))
        cv2.rectangle(image, (x, top), (x + width, _HORIZON), wall, cv2.FILLED)
        for wx in range(x + 10, x + width - 16, 24):
            for wy in range(top + 10, _HORIZON - 26, 26):
                cv2.rectangle(image, (wx, wy), (wx + 12, wy + 16), (70, 85, 105), cv2.FILLED)
        x += width
    image[_HORIZON:165] = (168, 164, 158)
    image[165:300] = (92, 94, 98)
    image[300:] = (104, 142, 78)
    cv2.line(image, (0, 165), (WIDTH, 165), (205, 202, 196), 3)
    cv2.line(image, (0, 300), (WIDTH, 300), (205, 202, 196), 4)
    for start in range(-20 + 30 * camera, WIDTH, 80):
        cv2.line(image, (start, 228), (start + 40, 228), (228, 228, 222), 4)
    trunk = 60 if camera else 400
    cv2.line(image, (trunk, 90), (trunk, 160), (96, 72, 52), 9)
    cv2.circle(image, (trunk, 72), 38, (66, 116, 58), cv2.FILLED, cv2.LINE_AA)
    return image


def _draw_person(image: U8, x: float, foot: float, size: float, rng: Generator) -> Box:
    tall = 165 * size
    coat, trousers = (_pick(_CLOTHES, rng) for _ in range(2))
    head, hip = tall * 0.11, foot - tall * 0.46
    stride = tall * float(rng.uniform(0.08, 0.16))
    thick = max(round(tall * 0.11), 2)
    for end in (x - stride, x + stride):
        cv2.line(image, _at(x, hip), _at(end, foot - thick / 2), trousers, thick, cv2.LINE_AA)
    shoulder = foot - tall * 0.78
    cv2.line(image, _at(x, shoulder + thick), _at(x, hip), coat, round(tall * 0.2), cv2.LINE_AA)
    for side in (-1, 1):
        hand = _at(x + side * tall * 0.15, hip)
        cv2.line(
            image, _at(x + side * tall * 0.08, shoulder + thick), hand, coat, thick, cv2.LINE_AA
        )
    centre = _at(x, foot - tall + head)
    cv2.circle(image, centre, max(round(head), 2), _pick(_SKIN, rng), cv2.FILLED, cv2.LINE_AA)
    half = max(tall * 0.15 + thick / 2, stride + thick / 2)
    return x - half, foot - tall, x + half, foot


def _draw_car(image: U8, x: float, foot: float, size: float, rng: Generator) -> Box:
    long, paint = 250 * size, _pick(_PAINT, rng)
    way = 1 if rng.random() < 0.5 else -1
    wheel, left, right = long * 0.085, x - long / 2, x + long / 2
    sill, waist, roof = foot - wheel * 0.8, foot - long * 0.19, foot - long * 0.34
    cabin = [(-0.30, waist), (-0.20, roof), (0.12, roof), (0.26, waist)]
    points = np.array([_at(x + way * share * long, y) for share, y in cabin], dtype=np.int32)
    cv2.fillPoly(image, [points], paint, cv2.LINE_AA)
    inner = np.array(points.mean(axis=0) + (points - points.mean(axis=0)) * 0.76, dtype=np.int32)
    cv2.fillPoly(image, [inner], (150, 185, 205), cv2.LINE_AA)
    cv2.rectangle(image, _at(left, waist), _at(right, sill), paint, cv2.FILLED)
    for share in (-0.28, 0.28):
        hub = _at(x + share * long, foot - wheel)
        cv2.circle(image, hub, max(round(wheel), 2), (28, 28, 30), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(
            image, hub, max(round(wheel * 0.45), 1), (190, 190, 190), cv2.FILLED, cv2.LINE_AA
        )
    lamp = _at(x + way * long * 0.47, waist + long * 0.05)
    cv2.circle(image, lamp, max(round(long * 0.025), 1), (255, 240, 180), cv2.FILLED, cv2.LINE_AA)
    return left, roof, right, foot


def _draw_bicycle(image: U8, x: float, foot: float, size: float, rng: Generator) -> Box:
    long, paint = 150 * size, _pick(_PAINT, rng)
    wheel, thick = long * 0.24, max(round(long * 0.035), 1)
    back, front = x - long / 2 + wheel, x + long / 2 - wheel
    axle, top = foot - wheel, foot - long * 0.58
    for hub in (back, front):
        cv2.circle(
            image, _at(hub, axle), max(round(wheel - thick), 2), (30, 30, 32), thick, cv2.LINE_AA
        )
    saddle, bars, crank = (x - long * 0.14, top), (x + long * 0.2, top), (x, axle)
    frame = [((back, axle), saddle), (saddle, bars), (bars, (front, axle)), (bars, crank)]
    frame += [(crank, saddle), ((back, axle), crank)]
    for start, end in frame:
        cv2.line(image, _at(*start), _at(*end), paint, thick + 1, cv2.LINE_AA)
    return x - long / 2, top - thick, x + long / 2, foot


def _pick(colours: tuple[Colour, ...], rng: Generator) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _at(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)
