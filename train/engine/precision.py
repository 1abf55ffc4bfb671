"""Where the network runs, and in what numbers."""

from dataclasses import dataclass
from typing import Literal

import torch

from edgedet.errors import ModelError, UsageError

PrecisionName = Literal["auto", "fp32", "bf16", "fp16"]
_DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Precision:
    """A device, and what autocast runs there. `autocast` None means float32 throughout."""

    device: torch.device
    autocast: torch.dtype | None

    @property
    def is_scaled(self) -> bool:
        """Whether gradients need a scaler: float16 has too small a range for them."""
        return self.autocast is torch.float16

    @classmethod
    def choose(cls, device: torch.device, name: PrecisionName = "auto") -> "Precision":
        """For `auto` bfloat16 where the device computes in it, float16 on other CUDA cards.

        Raises:
            UsageError: if float16 is asked for on a CPU.
        """
        if name == "auto":
            name = _best(device)
        if name == "fp16" and device.type != "cuda":
            msg = (
                f"--precision fp16: training in float16 needs a CUDA card, the device is {device}; "
                "use bf16 or fp32"
            )
            raise UsageError(msg)
        return cls(device, _DTYPES[name])


def _best(device: torch.device) -> PrecisionName:
    if device.type == "cuda":
        # cards before Ampere emulate it, slower than float32
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    has_bf16 = torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - no public question exists
    return "bf16" if has_bf16 else "fp32"


def choose_device(name: str, local_rank: int = 0) -> torch.device:
    """The device called `name`; `auto` is CUDA where there is a card.

    Of several processes on a machine each has the card of its number.

    Raises:
        ModelError: if CUDA is asked for and there is none.
        UsageError: if torch knows no such device.
    """
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if has_cuda else "cpu"
    if name.startswith("cuda") and not has_cuda:
        msg = f"device '{name}' was asked for, but torch sees no CUDA device; use --device cpu"
        raise ModelError(msg)
    try:
        device = torch.device(name)
    except RuntimeError as exc:
        msg = f"device '{name}' is not one that torch knows; expected auto, cpu, cuda or cuda:1"
        raise UsageError(msg) from exc
    if name == "cuda":
        device = torch.device("cuda", local_rank)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        msg = f"device '{device}' is not there: torch sees {torch.cuda.device_count()} CUDA devices"
        raise ModelError(msg)
    return device
