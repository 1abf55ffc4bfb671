"""Which binding of CUDA to use: the one that is installed."""

import importlib
import importlib.util
from typing import cast

from edgedet.detect.cuda.base import Cuda
from edgedet.errors import ModelError

# The first one can do more (CUDA graphs); whoever installed it beside the other wants it.
_BINDINGS = (
    ("cuda.bindings", "edgedet.detect.cuda.cuda_bindings"),
    ("pycuda", "edgedet.detect.cuda.pycuda"),
)


def open_cuda() -> Cuda:
    """The first GPU, opened on this thread through whichever binding is installed.

    The driver is asked before anything else is loaded: TensorRT without a driver takes the whole
    process down.

    Raises:
        ModelError: If no binding is installed, or there is no GPU or no driver.
    """
    for module, ours in _BINDINGS:
        if _is_installed(module):
            return cast("Cuda", importlib.import_module(ours).open_device())
    msg = (
        "neither cuda-bindings nor pycuda is installed, and one of them is needed to use an "
        "NVIDIA GPU; `pip install 'edgedet[cuda]'`, on JetPack 6 `pip install 'edgedet[jetson]'`"
    )
    raise ModelError(msg)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # no parent package, blocked, or half unloaded
        return False
