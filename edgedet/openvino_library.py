"""OpenVINO as this process has it: imported without its converter, and with one Core.

Shared by the device's backend and the trainer's formats; what the library raises is translated
where it is used.
"""

import functools
import importlib
import sys
from typing import Any

from edgedet.errors import first_line

_CONVERTER = "openvino.tools.ovc"
_PLACES = ("Exception from ", "Check '", "FrontEnd API failed", "Summary:")
_MAX_REASON = 300


def load_openvino() -> Any:  # noqa: ANN401 - untyped library
    """The openvino module, kept from reporting its use.

    A plain import also imports its converter, which at once sends an event to its makers over the
    network and writes a client id into the home folder. OpenVINO itself does without the converter.

    Raises:
        ImportError: If OpenVINO is not installed.
    """
    converter_was_loaded = _CONVERTER in sys.modules
    if not converter_was_loaded:
        sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # Python's way to say: not here
    try:
        return importlib.import_module("openvino")
    finally:
        if not converter_was_loaded:
            del sys.modules[_CONVERTER]


@functools.cache
def openvino_core() -> Any:  # noqa: ANN401 - untyped library
    """The one Core of this process, kept to its end.

    Each Core gives its thread a stack for signal handlers and puts the former one back when it
    goes. Of two that do not go in reverse order, the second puts back what the first has unmapped,
    and the next signal with a Python handler ends the process (seen with 2026.4).

    Raises:
        ImportError: If OpenVINO is not installed.
    """
    return load_openvino().Core()


def openvino_reason(exc: BaseException) -> str:
    """What OpenVINO says of a failure, in one line, without the places in its sources."""
    lines = [line.strip(" -") for line in str(exc).splitlines()]
    told = " ".join(line for line in lines if line and not line.startswith(_PLACES))
    return told[:_MAX_REASON] or first_line(exc)
