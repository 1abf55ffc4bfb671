"""From a bundle to the engine that stays: built here, tried here, the best one kept.

INT8 and FP16 are both built for a quantized bundle, because a small network can be faster without
INT8 (docs/engines.md); the faster one that answers the golden pictures as it should is kept.
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgedet import __version__
from edgedet.detect.cuda import Cuda, open_cuda
from edgedet.detect.engine.api import TensorRT, load_tensorrt
from edgedet.detect.engine.builder import BuildSettings, Network, Plan, Progress, build_plan
from edgedet.detect.engine.forms import engine_graph, is_quantized, load_graph
from edgedet.detect.engine.sidecar import EngineKey, Measured, Precision, Profile, Sidecar
from edgedet.detect.engine.store import (
    StoredEngine,
    remove_outlived,
    save_engine,
    stored_at,
    writable_folder,
)
from edgedet.detect.engine.trial import expect, passes, try_engine
from edgedet.detect.graph_io import CHANNELS
from edgedet.errors import ModelError
from edgedet.files import write_whole
from edgedet.manifest import MODEL_FILE, Bundle, GoldenCase, read_golden, verify_file

if TYPE_CHECKING:
    import onnx

logger = logging.getLogger(__name__)

PrecisionChoice = Literal["auto", "int8", "fp16", "fp32"]


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """What to build. `rebuilds`: even if there is such an engine already."""

    build: BuildSettings
    precision: PrecisionChoice = "auto"
    rebuilds: bool = False


@dataclass(frozen=True, slots=True)
class BuiltEngine:
    """The engine in its place. `is_new`: it was built now."""

    stored: StoredEngine
    is_new: bool


def build_engine(
    bundle: Bundle,
    request: EngineRequest,
    folders: Sequence[Path],
    *,
    progress: Progress | None = None,
) -> BuiltEngine:
    """The engine of a bundle for the GPU of this machine, kept in the first writable folder.

    Args:
        bundle: The model.
        request: What to build.
        folders: Where this device keeps what is its own: the state directory, the user's cache.
        progress: Is told how far it is.

    Raises:
        ModelError: If there is no GPU or no TensorRT, the graph is refused, or no engine computes
            what the bundle's golden case says.
    """
    verify_file(bundle, MODEL_FILE)
    cuda = open_cuda()  # before TensorRT, see there
    try:
        work = _Work(bundle, request, cuda, load_tensorrt(), progress)
        return work.run(writable_folder(folders))
    finally:
        cuda.close()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An engine of a precision, and what it was seen to do."""

    plan: Plan
    measured: Measured
    build_s: float


class _Work:
    """One build, from key to sidecar."""

    def __init__(
        self,
        bundle: Bundle,
        request: EngineRequest,
        cuda: Cuda,
        api: TensorRT,
        progress: Progress | None,
    ) -> None:
        self._bundle, self._request = bundle, request
        self._cuda, self._api, self._progress = cuda, api, progress
        self._key = EngineKey.of(bundle, api.version, cuda.device)
        self._seen: list[Measured] = []
        self._timing_cache = b""

    def run(self, folder: Path) -> BuiltEngine:
        """Build, choose, keep."""
        settings = self._request.build
        stem = self._key.file_stem(
            settings.profile, self._request.precision, dla_core=settings.dla_core
        )
        if not self._request.rebuilds:
            stored = stored_at(folder, self._bundle, stem)
            if stored is not None and not self._key.differences(stored.sidecar):
                return BuiltEngine(stored, is_new=False)
        cache = folder / f"timing-{self._api.version}-{self._cuda.device.sm}.cache"
        self._timing_cache = cache.read_bytes() if cache.is_file() else b""
        best = self._best()
        try:
            write_whole(cache, self._timing_cache)
        except OSError as exc:
            logger.warning("cannot keep TensorRT's timings in %s (%s)", cache, exc.strerror)
        sidecar = self._sidecar(best)
        stored = save_engine(folder, self._bundle, best.plan.engine, sidecar, stem)
        for path in remove_outlived(folder, self._key):
            logger.info("deleted %s: TensorRT is %s now", path, self._api.version)
        return BuiltEngine(stored, is_new=True)

    def _best(self) -> _Candidate:
        """The fastest candidate that passes; slower precisions are tried when none does."""
        proto = load_graph(self._bundle.model_path.read_bytes())
        golden = read_golden(self._bundle)
        if golden is None:
            logger.warning("the bundle has no golden case: engines are compared by speed alone")
        for round_of in self._rounds(proto):
            tried = [self._try(proto, precision, golden) for precision in round_of]
            good = [each for each in tried if each is not None and passes(each.measured)]
            if good:
                return max(good, key=lambda each: each.measured.images_per_s or 0.0)
        told = "; ".join(f"{each.precision}: {each}" for each in self._seen)
        name = self._bundle.manifest.name
        if all(each.reason is not None for each in self._seen):
            msg = f"no engine of model '{name}' can be built here ({told}); use another backend"
            raise ModelError(msg)
        msg = (
            f"no engine of model '{name}' computes here what its golden case says ({told}); use "
            "another backend, and report it with the bundle"
        )
        raise ModelError(msg)

    def _rounds(self, proto: "onnx.ModelProto") -> list[list[Precision]]:
        wanted = self._request.precision
        if wanted != "auto":
            return [[wanted]]
        if is_quantized(proto) and self._request.build.dla_core is None:
            return [["int8", "fp16"], ["fp32"]]
        return [["fp16"], ["fp32"]]  # DLA took no Q/DQ on the boards that have one

    def _try(
        self, proto: "onnx.ModelProto", precision: Precision, golden: GoldenCase | None
    ) -> _Candidate | None:
        """Build and try a precision; None if that failed, which is kept and told."""
        logger.info("building the %s engine; this takes minutes on a small device", precision)
        start_s = time.monotonic()
        try:
            graph = engine_graph(proto, precision, strongly_typed=self._api.is_strongly_typed)
            plan = build_plan(
                self._api,
                self._network(graph, precision),
                self._request.build,
                timing_cache=self._timing_cache,
                progress=self._progress,
            )
            build_s = time.monotonic() - start_s
            self._timing_cache = plan.timing_cache
            expected = expect(self._bundle, proto, precision, golden)
            measured = try_engine(
                plan.engine, precision, self._bundle, expected, cuda=self._cuda, api=self._api
            )
        except ModelError as exc:
            if self._request.precision != "auto":
                raise
            self._seen.append(Measured(precision=precision, reason=str(exc)))
            logger.warning("no %s engine: %s", precision, exc)
            return None
        self._seen.append(measured)
        logger.info("%s: %s", precision, measured)
        return _Candidate(plan, measured, build_s)

    def _network(self, graph: "onnx.ModelProto", precision: Precision) -> Network:
        shape = (*self._bundle.input_hw, CHANNELS)
        name = self._bundle.manifest.input.name
        return Network(graph.SerializeToString(), name, shape, precision)

    def _sidecar(self, best: _Candidate) -> Sidecar:
        engine, profile = best.plan.engine, self._request.build.profile
        return Sidecar(
            model=self._bundle.manifest.name,
            version=self._bundle.manifest.version,
            bundle_sha256=self._bundle.digest,
            engine_sha256=hashlib.sha256(engine).hexdigest(),
            engine_bytes=len(engine),
            tensorrt=self._key.tensorrt,
            device=self._key.device,
            compute_capability=self._key.compute_capability,
            multiprocessors=self._key.multiprocessors,
            profile=Profile(min=profile.smallest, opt=profile.best, max=profile.largest),
            precision=best.measured.precision,
            strongly_typed=self._api.is_strongly_typed,
            dla_core=self._request.build.dla_core,
            built_at=datetime.now(timezone.utc).replace(microsecond=0),
            build_s=round(best.build_s, 1),
            measured=self._seen,
            edgedet=__version__,
        )
