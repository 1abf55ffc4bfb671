"""The model: is the bundle whole, and does each backend answer its golden pictures rightly here?"""

import time
from collections.abc import Iterator

from edgedet.commands.doctor.checks import Check, Status, failed, passed, warned
from edgedet.config.model import ModelSettings
from edgedet.config.settings import Settings
from edgedet.detect import available_backends, create_detector, store_in
from edgedet.detect.cuda import open_cuda
from edgedet.detect.golden import golden_deviation
from edgedet.errors import EdgedetError, ModelError, first_line
from edgedet.manifest import MODEL_FILE, Bundle, GoldenCase, read_bundle, read_golden, verify_file
from edgedet.models import ModelStore

AUTO = "auto"


def examine(settings: Settings | None) -> Iterator[Check]:
    """What is to be said of backends and bundle."""
    backends = available_backends()
    if not backends:
        yield failed("backends", "none is installed", "`pip install onnxruntime`")
        return
    yield passed("backends", f"installed: {', '.join(backends)}")
    if "tensorrt" in backends:
        yield _gpu()
    if settings is None:
        return
    try:
        bundle = ModelStore(settings.state_dir).in_use(read_bundle(settings.model.bundle))
        verify_file(bundle, MODEL_FILE)
        golden = read_golden(bundle)
    except EdgedetError as exc:
        yield failed("model", str(exc), "copy the bundle here again, or export it again")
        return
    facts = bundle.manifest
    yield passed("model", f"{facts.name} {facts.version}, {facts.precision}, digests are right")
    yield from _backends(settings, bundle, golden, backends)


def _gpu() -> Check:
    """Where TensorRT is installed, a GPU is wanted."""
    try:
        cuda = open_cuda()
    except ModelError as exc:
        return failed("gpu", str(exc), "`nvidia-smi`, on a Jetson `tegrastats`, tells the driver's")
    device = cuda.device
    cuda.close()
    capability = ".".join(str(part) for part in device.compute_capability)
    memory = f"{device.memory_bytes / 1e9:.1f} GB"
    return passed("gpu", f"{device.name}, compute capability {capability}, {memory}")


def _backends(
    settings: Settings, bundle: Bundle, golden: GoldenCase | None, installed: tuple[str, ...]
) -> Iterator[Check]:
    """One check for each backend that `model.backend` may take."""
    wanted = settings.model.backend
    names = installed if wanted == AUTO else (wanted,)
    checks = [_backend(settings, bundle, golden, name) for name in names]
    works = any(check.status is not Status.FAIL for check in checks)
    for check in checks:
        # for `auto` one that does not run is left out, as long as another runs
        is_spare = wanted == AUTO and works and check.status is Status.FAIL
        yield warned(check.name, check.detail, check.fix) if is_spare else check


def _backend(settings: Settings, bundle: Bundle, golden: GoldenCase | None, name: str) -> Check:
    told = f"backend {name}"
    asked = ModelSettings.model_validate(
        {"bundle": bundle.folder, "backend": name, "threads": settings.model.threads}
    )
    try:
        # named, so that nothing is measured and nothing is written
        detector = create_detector(bundle, asked, 1, store_in(settings.state_dir))
    except ModelError as exc:
        fix = f"`edgedet build-engine {bundle.folder}`" if name == "tensorrt" else "see the message"
        return failed(told, first_line(exc), fix)
    try:
        if golden is None:
            return warned(told, "loads; the bundle has no golden pictures", "export it again")
        started_s = time.perf_counter()
        detector.infer(golden.images_nhwc[:1])
        took_ms = (time.perf_counter() - started_s) * 1000
        deviation = golden_deviation(bundle, golden, detector.infer)
    except Exception as exc:  # noqa: BLE001 - whatever a backend raises is what is looked for
        return failed(told, f"does not run: {first_line(exc)}", "choose another model.backend")
    finally:
        detector.close()
    if deviation:
        return failed(told, deviation, "choose another model.backend, and tell us")
    return passed(
        told, f"{detector.backend} answers rightly, the first picture in {took_ms:.0f} ms"
    )
