"""TensorRT's module, whichever version: what it can do, what it says. The only file to import it.

One code for TensorRT 8.6 to 11: the run-time interface (named tensors, execute_async_v3) is the
same in all of them, and where building differs, the presence of a name decides, never a number.
"""

import importlib
import logging
from typing import Any

from edgedet.errors import ModelError

logger = logging.getLogger(__name__)

PRECISIONS = ("int8", "fp16", "fp32")


class TensorRT:
    """The module `trt`, its logger, and what it can do."""

    def __init__(self, module: Any) -> None:  # noqa: ANN401 - untyped library
        """Wrap a module that was imported, after the driver was seen to be there."""
        self.trt = module
        self.logger = _make_logger(module)

    @property
    def version(self) -> str:
        """As in `10.3.0`; part of an engine's key."""
        return str(self.trt.__version__)

    @property
    def is_strongly_typed(self) -> bool:
        """Whether the types of a graph decide (TensorRT 11), not the flags of a build."""
        flags = self.trt.BuilderFlag
        return not (hasattr(flags, "FP16") and hasattr(flags, "INT8"))

    def last_words(self) -> str:
        """What it complained of since the last call, the first line of it; empty if nothing."""
        return str(self.logger.take())


def load_tensorrt(module: str = "tensorrt") -> TensorRT:
    """Import TensorRT. Open the GPU first: without a driver it takes the whole process down.

    Args:
        module: Another module of the same interface: `tensorrt_rtx`.

    Raises:
        ModelError: If it is not installed.
    """
    try:
        if module == "tensorrt":
            return TensorRT(importlib.import_module("tensorrt"))
        return TensorRT(importlib.import_module(module))
    except ImportError as exc:
        msg = (
            f"{module} cannot be imported ({exc}); on a Jetson install python3-libnvinfer and use "
            "an environment made with `--system-site-packages`, elsewhere `pip install tensorrt`"
        )
        raise ModelError(msg) from exc


def _make_logger(trt: Any) -> Any:  # noqa: ANN401 - untyped library
    """An ILogger that hands everything to ours; it must outlive all that was made with it."""

    class Log(trt.ILogger):  # type: ignore[misc] # untyped library
        """Keeps what went wrong, so that an error can say it."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self._complaints: list[str] = []

        def log(self, severity: Any, msg: str) -> None:  # noqa: ANN401 - its own enumeration
            is_grave = severity in {trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR}
            if is_grave:
                self._complaints.append(msg)
            is_warning = severity == trt.ILogger.WARNING
            logger.log(logging.INFO if is_warning else logging.DEBUG, "tensorrt: %s", msg)

        def take(self) -> str:
            complaints, self._complaints = self._complaints, []
            return complaints[0].strip().splitlines()[0] if complaints else ""

    return Log()
