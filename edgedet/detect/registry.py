"""Which backends there are, which of them this machine has, and which one to use."""

import importlib
import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from edgedet.config.model import ModelSettings
from edgedet.detect.auto import choose_detector, facts_of
from edgedet.detect.base import Detector
from edgedet.detect.remembered import ChoiceStore
from edgedet.errors import ModelError
from edgedet.manifest import MODEL_FILE, Bundle, verify_file

logger = logging.getLogger(__name__)


class DetectorFactory(Protocol):
    """How every backend makes its detector."""

    def __call__(
        self, bundle: Bundle, *, threads: int, max_batch: int, folders: Sequence[Path]
    ) -> Detector:
        """Load the bundle's graph, ready for `max_batch` pictures at once.

        `folders`: where this device keeps what is its own, such as engines.
        """
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend by name. `target` is `module:class`.

    `requires` is the module that must be importable, `install` the command that provides it.
    """

    name: str
    target: str
    requires: str
    install: str


# In the order in which `auto` prefers them where they are equally fast.
BACKENDS: tuple[Backend, ...] = (
    Backend(
        "tensorrt",
        "edgedet.detect.tensorrt:TensorRtDetector",
        "tensorrt",
        "apt-get install python3-libnvinfer` on a Jetson or `pip install tensorrt",
    ),
    Backend(
        "openvino",
        "edgedet.detect.openvino:OpenVinoDetector",
        "openvino",
        "pip install 'edgedet[openvino]'",
    ),
    Backend(
        "onnxruntime",
        "edgedet.detect.onnxruntime:OrtDetector",
        "onnxruntime",
        "pip install onnxruntime",
    ),
)


def available_backends() -> tuple[str, ...]:
    """Names of the backends that can be used here, the preferred one first."""
    return tuple(backend.name for backend in BACKENDS if _is_available(backend))


def create_detector(
    bundle: Bundle,
    settings: ModelSettings,
    max_batch: int = 1,
    store: ChoiceStore | None = None,
) -> Detector:
    """The detector that the settings ask for, with the bundle's graph loaded.

    The graph's digest is compared with the manifest first. `store` remembers what `auto` measured,
    by default in the user's cache; its folders are those of engines too.

    Raises:
        ModelError: if the backend is not to be had, or the graph is not the bundle's or cannot be
            loaded.
    """
    backends = _named(settings.backend)
    verify_file(bundle, MODEL_FILE)
    store = store or ChoiceStore()
    make = partial(
        _make,
        bundle=bundle,
        threads=settings.threads,
        max_batch=max_batch,
        folders=store.folders,
    )
    makers = {each.name: partial(make, each) for each in backends}
    if settings.backend == "auto":
        modules = {each.name: each.requires for each in backends}
        facts = facts_of(bundle, modules, settings.threads, max_batch)
        detector = choose_detector(bundle, makers, facts, store)
    else:
        detector = makers[settings.backend]()
    logger.info(
        "model %s %s (%s, %d x %d) runs on %s",
        bundle.manifest.name,
        bundle.manifest.version,
        bundle.manifest.precision,
        *bundle.input_hw,
        detector.backend,
    )
    return detector


def _named(name: str) -> tuple[Backend, ...]:
    """The backend of that name, or all that are installed for `auto`."""
    if name == "auto":
        found = tuple(backend for backend in BACKENDS if _is_available(backend))
        if not found:
            msg = "no inference backend is installed; `pip install onnxruntime`"
            raise ModelError(msg)
        return found
    backend = next((backend for backend in BACKENDS if backend.name == name), None)
    if backend is None:
        known = ", ".join(backend.name for backend in BACKENDS)
        msg = f"unknown backend '{name}'; expected auto or one of {known}"
        raise ModelError(msg)
    if not _is_available(backend):
        msg = f"backend '{name}' is not installed; `{backend.install}`, or use backend auto"
        raise ModelError(msg)
    return (backend,)


def _is_available(backend: Backend) -> bool:
    try:
        return importlib.util.find_spec(backend.requires) is not None
    except (ImportError, ValueError):  # blocked or half unloaded: not here
        return False


def _make(
    backend: Backend, bundle: Bundle, threads: int, max_batch: int, folders: Sequence[Path]
) -> Detector:
    module, _, name = backend.target.partition(":")
    factory = cast("DetectorFactory", getattr(importlib.import_module(module), name))
    return factory(bundle, threads=threads, max_batch=max_batch, folders=folders)
