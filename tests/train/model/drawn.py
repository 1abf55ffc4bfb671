"""The deterministic weights that the reference outputs of the larger members were computed with."""

import re
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from train.model import DetectionNetwork

TABLES = Path(__file__).with_name("family")


def draw_weights(model: DetectionNetwork) -> None:
    """Fill `model` (yolov7 or yolov7-w6) with the numbers that each key's name gives."""
    scales = dict(
        line.split("\t")
        for line in (TABLES / f"{model.architecture.name}.variances.tsv").read_text().splitlines()
    )
    head = f"model.{model.head_index}."
    with torch.no_grad():
        for key, target in model.state_dict().items():
            if "anchor" in key or not target.is_floating_point():
                continue
            noise = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(target.shape)
            scale = float(scales.get(re.sub("running_mean$", "running_var", key), "0"))
            drawn = _head(key, noise) if key.startswith(head) else _layer(key, noise, scale)
            target.copy_(torch.from_numpy(drawn.astype(np.float32)))


def example_image() -> torch.Tensor:
    """The input of the reference outputs, (1, 3, 256, 256)."""
    rng = np.random.default_rng(2024)
    coarse = rng.random((1, 3, 16, 16)).repeat(16, axis=2).repeat(16, axis=3)
    fine = rng.random((1, 3, 256, 256))
    return torch.from_numpy((0.5 * coarse + 0.5 * fine).astype(np.float32))


def _head(key: str, noise: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if ".im." in key:
        return 1 + 0.1 * noise
    if noise.ndim == 4 and ".ia." not in key:
        weight: npt.NDArray[np.float64] = noise / np.sqrt(noise.shape[1])
        return weight
    return 0.1 * noise


def _layer(key: str, noise: npt.NDArray[np.float64], scale: float) -> npt.NDArray[np.float64]:
    if noise.ndim == 4:
        kernel: npt.NDArray[np.float64] = noise * float(np.sqrt(2 / np.prod(noise.shape[1:])))
        return kernel
    match key.rpartition(".")[2]:
        case "weight":
            return 1 + 0.1 * noise
        case "bias":
            return 0.1 * noise
        case "running_mean":
            return 0.1 * float(np.sqrt(scale)) * noise
        case _:
            variance: npt.NDArray[np.float64] = scale * np.exp(0.1 * noise)
            return variance
