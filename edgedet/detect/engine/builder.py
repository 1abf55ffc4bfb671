"""Building an engine with whatever TensorRT is here: flags or strong typing, by what it offers."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgedet.detect.cuda.failure import cuda_error
from edgedet.detect.engine.api import TensorRT
from edgedet.detect.engine.forms import DECODE_PREFIX
from edgedet.detect.engine.profile import BatchProfile
from edgedet.errors import ModelError

logger = logging.getLogger(__name__)

_MIB = 1 << 20

Progress = Callable[[str, int, int], None]
"""Is told a phase's name, how many of its steps are done, and how many it has."""


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How to build. `dla_core`: experimental; None keeps everything on the GPU."""

    profile: BatchProfile
    workspace_mib: int = 1024
    optimization_level: int | None = None
    dla_core: int | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """A graph for TensorRT, and the name and picture shape (H, W, 3) of its input."""

    content: bytes
    input_name: str
    picture_shape: tuple[int, int, int]
    precision: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A serialized engine, and the kernel times that were measured for it."""

    engine: bytes
    timing_cache: bytes


def build_plan(
    api: TensorRT,
    network: Network,
    settings: BuildSettings,
    *,
    timing_cache: bytes = b"",
    progress: Progress | None = None,
) -> Plan:
    """Parse and build.

    Args:
        api: TensorRT.
        network: The graph in the form that this TensorRT takes.
        settings: How to build.
        timing_cache: What an earlier build measured; makes this one faster.
        progress: Is told how far it is, where TensorRT tells (from version 10 on).

    Raises:
        ModelError: If TensorRT refuses the graph or the settings, or has no room.
    """
    builder = api.trt.Builder(api.logger)
    definition = builder.create_network(_creation_flags(api))
    _parse(api, definition, network.content)
    config = builder.create_builder_config()
    config.set_memory_pool_limit(api.trt.MemoryPoolType.WORKSPACE, settings.workspace_mib * _MIB)
    if settings.optimization_level is not None:
        config.builder_optimization_level = settings.optimization_level
    if not api.is_strongly_typed:
        _set_precision(api, config, definition, network.precision)
    if settings.dla_core is not None:
        _use_dla(api, builder, config, settings.dla_core)
    _add_profile(api, builder, config, network, settings.profile)
    cache = config.create_timing_cache(timing_cache)
    config.set_timing_cache(cache, False)  # noqa: FBT003 - as its interface has it
    monitor = None
    if progress is not None and hasattr(api.trt, "IProgressMonitor"):
        monitor = config.progress_monitor = _make_monitor(api.trt, progress)
    serialized = builder.build_serialized_network(definition, config)
    if monitor is not None and monitor.error is not None:
        raise monitor.error
    if serialized is None:
        doing = f"building the {network.precision} engine"
        raise cuda_error(doing, api.last_words(), f"TensorRT {api.version}")
    api.last_words()  # tactics that did not fit are complaints too, but the engine is there
    return Plan(bytes(serialized), bytes(config.get_timing_cache().serialize()))


def _creation_flags(api: TensorRT) -> int:
    """EXPLICIT_BATCH where there is a choice, STRONGLY_TYPED where there are no precision flags."""
    names = api.trt.NetworkDefinitionCreationFlag
    flags = 0
    if hasattr(names, "EXPLICIT_BATCH"):
        flags |= 1 << int(names.EXPLICIT_BATCH)
    if api.is_strongly_typed and hasattr(names, "STRONGLY_TYPED"):
        flags |= 1 << int(names.STRONGLY_TYPED)
    return flags


def _parse(api: TensorRT, definition: Any, content: bytes) -> None:  # noqa: ANN401
    parser = api.trt.OnnxParser(definition, api.logger)
    if parser.parse(content):
        return
    errors = [str(parser.get_error(index).desc()) for index in range(parser.num_errors)]
    reason = "; ".join(errors) or api.last_words() or "it gives no reason"
    msg = (
        f"TensorRT {api.version} refuses the graph: {reason}; export the bundle again with this "
        "version of edgedet"
    )
    raise ModelError(msg)


def _set_precision(api: TensorRT, config: Any, definition: Any, precision: str) -> None:  # noqa: ANN401
    """Flags of TensorRT 8.6 to 10: INT8 needs FP16 beside it, for what is left in float."""
    flags = api.trt.BuilderFlag
    if precision == "fp32":
        return
    config.set_flag(flags.FP16)
    if precision == "int8":
        config.set_flag(flags.INT8)
    config.set_flag(flags.PREFER_PRECISION_CONSTRAINTS)
    floats = api.trt.DataType.FLOAT
    for index in range(definition.num_layers):
        layer = definition.get_layer(index)
        if not layer.name.startswith(DECODE_PREFIX):
            continue
        outputs = [layer.get_output(number) for number in range(layer.num_outputs)]
        if outputs[0].dtype != floats:
            continue
        layer.precision = floats
        for number, output in enumerate(outputs):
            if output.dtype == floats:
                layer.set_output_type(number, floats)


def _use_dla(api: TensorRT, builder: Any, config: Any, core: int) -> None:  # noqa: ANN401
    count = int(builder.num_DLA_cores)
    if core >= count:
        msg = f"DLA core {core} was asked for, this device has {count}; leave --dla out"
        raise ModelError(msg)
    logger.warning("DLA is experimental: compare its engine with one for the GPU")
    config.default_device_type = api.trt.DeviceType.DLA
    config.DLA_core = core
    config.set_flag(api.trt.BuilderFlag.GPU_FALLBACK)


def _add_profile(
    api: TensorRT,
    builder: Any,  # noqa: ANN401 - untyped library
    config: Any,  # noqa: ANN401 - untyped library
    network: Network,
    profile: BatchProfile,
) -> None:
    shapes = builder.create_optimization_profile()
    sizes = profile.smallest, profile.best, profile.largest
    shapes.set_shape(network.input_name, *((size, *network.picture_shape) for size in sizes))
    if config.add_optimization_profile(shapes) < 0:
        msg = f"TensorRT refuses the batch profile {profile}: {api.last_words()}"
        raise ModelError(msg)


def _make_monitor(trt: Any, progress: Progress) -> Any:  # noqa: ANN401 - untyped library
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc] # untyped library
        """Hands TensorRT's phases on. An exception must not cross TensorRT: it ends the build."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.error: BaseException | None = None
            self._steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            del parent_phase
            self._steps[phase_name] = num_steps
            self._tell(phase_name, 0)

        def step_complete(self, phase_name: str, step: int) -> bool:
            self._tell(phase_name, step + 1)
            return self.error is None  # False: stop building

        def phase_finish(self, phase_name: str) -> None:
            self._tell(phase_name, self._steps.get(phase_name, 0))

        def _tell(self, phase_name: str, done: int) -> None:
            try:
                progress(phase_name, done, self._steps.get(phase_name, 0))
            except BaseException as exc:  # noqa: BLE001 - raised where the build was asked for
                self.error = self.error or exc

    return Monitor()
