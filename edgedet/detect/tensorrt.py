"""TensorRT: the backend of Jetson and of NVIDIA cards. It runs engines that were built here.

The libraries are imported when a detector is made, CUDA's first: TensorRT without a driver takes
the whole process down.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgedet.config.cache import SERVICE_STATE_DIR
from edgedet.detect.cuda import Cuda, open_cuda
from edgedet.detect.engine.api import load_tensorrt
from edgedet.detect.engine.session import EngineSession
from edgedet.detect.engine.sidecar import EngineKey
from edgedet.detect.engine.store import SIDECAR_SUFFIX, find_engine
from edgedet.detect.graph_io import check_candidates, check_images
from edgedet.errors import ModelError
from edgedet.manifest import Bundle

logger = logging.getLogger(__name__)

BACKEND = "tensorrt"


class TensorRtDetector:
    """A bundle's engine for this GPU. Created, used and closed on one thread."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int = 0,
        max_batch: int = 1,
        folders: Sequence[Path] = (),
    ) -> None:
        """Find the engine that fits, and load it.

        Args:
            bundle: The model.
            threads: Part of the common form of detectors.
            max_batch: The largest batch to be ready for; larger ones run too, in parts.
            folders: Where this device keeps its engines.

        Raises:
            ModelError: If there is no GPU, no TensorRT or no engine that fits (it says which
                command builds one), or it cannot be loaded.
        """
        del threads
        self._bundle = bundle
        self._session: EngineSession | None = None
        self._cuda: Cuda | None = open_cuda()
        try:
            api = load_tensorrt()
            device = self._cuda.device
            key = EngineKey.of(bundle, api.version, device)
            # a person's command looks where the service has its engines, too
            places = tuple(dict.fromkeys((*folders, SERVICE_STATE_DIR)))
            stored = find_engine(places, bundle, key, max_batch)
            self._proof = stored.path.with_suffix(SIDECAR_SUFFIX)
            self._session = EngineSession(stored.read(), bundle, self._cuda, api)
            warm_up = np.zeros((max_batch, *bundle.input_hw, 3), np.uint8)
            self._session.infer(warm_up)  # the first run takes long; no frame waits for it
        except BaseException:
            self.close()
            raise
        logger.info(
            "engine %s: %s, batches of %s, %s (%s), TensorRT %s through %s, CUDA graphs %s",
            stored.path.name,
            stored.sidecar.precision,
            stored.sidecar.batch_profile,
            device.name,
            device.sm,
            api.version,
            self._cuda.binding,
            "on" if self._session.uses_graphs else "off",
        )

    @property
    def backend(self) -> str:
        """`tensorrt`."""
        return BACKEND

    @property
    def proof(self) -> Path:
        """The engine's sidecar; its answers were compared with the golden case at that time."""
        return self._proof

    def infer(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Candidates of a batch; see `edgedet.detect.base.Detector`."""
        check_images(self._bundle, images_nhwc)
        if self._session is None:
            msg = f"the detector of model '{self._bundle.manifest.name}' is closed; make a new one"
            raise ModelError(msg)
        candidates = self._session.infer(images_nhwc)
        check_candidates(self._bundle, candidates, len(images_nhwc))
        return candidates

    def close(self) -> None:
        """Free engine and GPU, on the thread that made it; may be called twice."""
        session, self._session = self._session, None
        cuda, self._cuda = self._cuda, None
        if session is not None:
            session.close()
        if cuda is not None:
            cuda.close()
