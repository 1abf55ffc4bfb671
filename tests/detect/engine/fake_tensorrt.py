"""A `tensorrt` of any generation, in which only the names of that generation exist.

`trt_api_names.json` lists what the published bindings of 8.6.1, 10.3.0, 10.16.1 and 11.4.0 offer
(names only, from their own modules; all listings drop attributes called `name` and `value`). What
is not listed raises AttributeError as in the real module, so that `hasattr` answers as there. What
is listed but not imitated here fails the test.

Engines are real in one respect: they carry the parsed graph, and ONNX Runtime computes it.
"""

import enum
import importlib.machinery
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto

from tests.detect.cuda.fake_gpu import FakeGpu

VERSIONS = ("8.6.1", "10.3.0", "10.16.1", "11.4.0")
NAMES: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent / "trt_api_names.json").read_text(encoding="utf-8")
)
PICTURE_S = 1e-3  # what a picture takes, on a clock of its own
MAGIC = b"fake engine\n"
UNLISTED = {"ILayer": {"name"}, "ITensor": {"name"}}


@dataclass
class Story:
    """What the fake was asked for, and what it shall do wrong."""

    flags: list[set[str]] = field(default_factory=list)
    creation_flags: list[set[str]] = field(default_factory=list)
    graphs: list[onnx.ModelProto] = field(default_factory=list)
    profiles: list[tuple[Any, ...]] = field(default_factory=list)
    workspaces: list[int] = field(default_factory=list)
    timing_caches: list[bytes] = field(default_factory=list)
    fp32_layers: set[str] = field(default_factory=set)
    dla: list[int] = field(default_factory=list)
    deserialized: int = 0
    alive: set[str] = field(default_factory=set)
    refuse_to_build: str = ""
    refuse_to_run: str = ""
    refuse_to_load: str = ""
    wrong_by: dict[str, float] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    clock_s: float = 0.0
    dla_cores: int = 0
    runs: list[int] = field(default_factory=list)


def install(monkeypatch: pytest.MonkeyPatch, version: str, gpu: FakeGpu) -> Story:
    """Make this generation the `tensorrt` that is installed."""
    story = Story()
    module = make_module(version, gpu, story)
    module.__spec__ = importlib.machinery.ModuleSpec("tensorrt", None)
    monkeypatch.setitem(sys.modules, "tensorrt", module)
    return story


def make_module(version: str, gpu: FakeGpu, story: Story) -> ModuleType:
    """The module of a version."""
    listed = NAMES[version]
    world = _World(version, gpu, story, listed)

    class Module(ModuleType):
        def __getattr__(self, name: str) -> object:
            assert name not in listed["_top"], f"the fake does not imitate tensorrt.{name}"
            msg = f"module 'tensorrt' {version} has no attribute '{name}'"
            raise AttributeError(msg)

    module = Module("tensorrt")
    module.__dict__["__version__"] = version
    for name, thing in world.things().items():
        if name in listed["_top"]:
            module.__dict__[name] = thing
    world.trt = module
    return module


def _enumeration(name: str, members: list[str]) -> Any:  # noqa: ANN401
    return enum.IntEnum(name, [(each, index) for index, each in enumerate(members)])


class _World:
    """Everything of one module, so that its parts know each other."""

    trt: ModuleType

    def __init__(
        self, version: str, gpu: FakeGpu, story: Story, listed: dict[str, list[str]]
    ) -> None:
        self.version, self.gpu, self.story, self.listed = version, gpu, story, listed
        self.major = int(version.split(".", maxsplit=1)[0])
        self.enums = {
            name: _enumeration(name, [each for each in listed[name] if each.isupper()])
            for name in (
                "BuilderFlag",
                "NetworkDefinitionCreationFlag",
                "DataType",
                "MemoryPoolType",
                "TensorIOMode",
                "DeviceType",
            )
        }

    def things(self) -> dict[str, object]:
        world = self

        class ILogger:
            INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)

            def log(self, severity: int, msg: str) -> None:
                raise NotImplementedError

        class IProgressMonitor:
            """Subclassed by whoever wants to know."""

        def make(kind: type) -> Callable[..., object]:
            strict = _strict(kind, self.listed, self.version)
            return lambda *arguments: strict(world, *arguments)

        return {
            **self.enums,
            "ILogger": ILogger,
            "IProgressMonitor": IProgressMonitor,
            "Builder": make(Builder),
            "OnnxParser": make(OnnxParser),
            "Runtime": make(Runtime),
        }

    def new(self, kind: type, *arguments: object) -> Any:  # noqa: ANN401
        return _strict(kind, self.listed, self.version)(self, *arguments)

    def complain(self, logger: Any, message: str) -> None:  # noqa: ANN401
        logger.log(self.trt.ILogger.ERROR, message)


def _strict(kind: type, listed: dict[str, list[str]], version: str) -> type:
    """`kind` with nothing but the names that this version lists."""
    name = kind.__name__
    allowed = set(listed[name]) | UNLISTED.get(name, set())

    def check(attribute: str) -> None:
        if not attribute.startswith("_") and attribute not in allowed:
            msg = f"tensorrt {version}: {name} has no attribute '{attribute}'"
            raise AttributeError(msg)

    class Strict(kind):  # type: ignore[misc]
        def __getattribute__(self, attribute: str) -> object:
            check(attribute)
            return super().__getattribute__(attribute)

        def __setattr__(self, attribute: str, value: object) -> None:
            check(attribute)
            super().__setattr__(attribute, value)

        def __getattr__(self, attribute: str) -> object:
            assert attribute not in allowed, f"the fake does not imitate {name}.{attribute}"
            raise AttributeError(attribute)

    return Strict


class _Part:
    def __init__(self, world: _World) -> None:
        self._world = world
        world.story.alive.add(f"{type(self).__mro__[1].__name__} {id(self)}")

    def __del__(self) -> None:
        self._world.story.alive.discard(f"{type(self).__mro__[1].__name__} {id(self)}")


class Builder(_Part):
    def __init__(self, world: _World, logger: object) -> None:
        super().__init__(world)
        self._logger = logger

    @property
    def num_DLA_cores(self) -> int:  # noqa: N802
        return self._world.story.dla_cores

    def create_network(self, flags: int) -> object:
        names = self._world.enums["NetworkDefinitionCreationFlag"]
        known = {each.name for each in names if flags >> each & 1}
        assert flags < 1 << len(names), f"creation flags {flags:b} that nobody knows"
        if self._world.major < 10:
            assert "EXPLICIT_BATCH" in known, "TensorRT 8 needs EXPLICIT_BATCH for ONNX"
        self._world.story.creation_flags.append(known)
        return self._world.new(INetworkDefinition)

    def create_builder_config(self) -> object:
        return self._world.new(IBuilderConfig)

    def create_optimization_profile(self) -> object:
        return self._world.new(IOptimizationProfile)

    def build_serialized_network(self, network: Any, config: Any) -> object:  # noqa: ANN401
        world, story = self._world, self._world.story
        flags = config._set
        story.flags.append(set(flags))
        graph = network._graph
        story.graphs.append(graph)
        assert config._profiles, "a network with a free batch was built without a profile"
        quantized = any(node.op_type == "QuantizeLinear" for node in graph.graph.node)
        if quantized and world.major < 11 and not {"INT8", "FP16"} <= flags:
            world.complain(self._logger, "Calibration failure: Q/DQ without the INT8 flag")
            return None
        precision = "int8" if quantized else "fp16" if "FP16" in flags else _typed(graph)
        if story.refuse_to_build in {precision, "all"}:
            world.complain(self._logger, "could not find any implementation for node {Conv_1}")
            return None
        monitor = config._values.get("progress_monitor")
        if monitor is not None:
            monitor.phase_start("Building Engine", None, 2)
            if not all(monitor.step_complete("Building Engine", step) for step in (0, 1)):
                return None  # cancelled
            monitor.phase_finish("Building Engine")
        if world.major < 11 and precision != "fp32":
            story.fp32_layers = {
                layer.name for layer in network._layers if layer._values.get("precision")
            }
        config._cache._content += b"+" + precision.encode()
        head = {
            "version": world.version,
            "capability": world.gpu.capability,
            "precision": precision,
            "profile": config._profiles[0]._shapes,
        }
        content = MAGIC + json.dumps(head).encode() + b"\n" + graph.SerializeToString()
        return world.new(IHostMemory, content)


def _typed(graph: onnx.ModelProto) -> str:
    weights = {tensor.data_type for tensor in graph.graph.initializer}
    return "fp16" if TensorProto.FLOAT16 in weights else "fp32"


class IHostMemory(_Part):
    def __init__(self, world: _World, content: bytes) -> None:
        super().__init__(world)
        self._content = content

    @property
    def nbytes(self) -> int:
        return len(self._content)

    def __bytes__(self) -> bytes:
        return self._content


class INetworkDefinition(_Part):
    def __init__(self, world: _World) -> None:
        super().__init__(world)
        self._graph = onnx.ModelProto()
        self._layers: list[Any] = []

    @property
    def num_layers(self) -> int:
        return len(self._layers)

    def get_layer(self, index: int) -> object:
        return self._layers[index]


class ILayer(_Part):
    def __init__(self, world: _World, node: onnx.NodeProto) -> None:
        super().__init__(world)
        self._values: dict[str, object] = {}
        self._name = node.name
        kinds = [world.enums["DataType"].FLOAT] * len(node.output)
        if node.op_type == "TopK":
            kinds[1] = world.enums["DataType"].INT32
        self._outputs = [world.new(ITensor, kind) for kind in kinds]

    @property
    def name(self) -> str:
        return self._name

    @property
    def num_outputs(self) -> int:
        return len(self._outputs)

    def get_output(self, index: int) -> object:
        return self._outputs[index]

    @property
    def precision(self) -> object:
        return self._values.get("precision")

    @precision.setter
    def precision(self, value: object) -> None:
        self._values["precision"] = value

    def set_output_type(self, index: int, kind: object) -> None:
        assert kind is self._outputs[index].dtype, "an integer output was told to be float"


class ITensor(_Part):
    def __init__(self, world: _World, kind: object) -> None:
        super().__init__(world)
        self._kind = kind

    @property
    def dtype(self) -> object:
        return self._kind


class IOptimizationProfile(_Part):
    def __init__(self, world: _World) -> None:
        super().__init__(world)
        self._shapes: dict[str, tuple[Any, ...]] = {}

    def set_shape(self, input: str, min: Any, opt: Any, max: Any) -> None:  # noqa: A002, ANN401
        self._shapes[input] = (tuple(min), tuple(opt), tuple(max))


class ITimingCache(_Part):
    def __init__(self, world: _World, content: bytes) -> None:
        super().__init__(world)
        self._content = content

    def serialize(self) -> object:
        return self._world.new(IHostMemory, self._content)


class IBuilderConfig(_Part):
    def __init__(self, world: _World) -> None:
        super().__init__(world)
        self._set: set[str] = set()
        self._profiles: list[Any] = []
        self._values: dict[str, Any] = {}
        self._cache: Any = None

    def set_flag(self, flag: Any) -> None:  # noqa: ANN401
        self._set.add(flag.name)

    def set_memory_pool_limit(self, pool: Any, size: int) -> None:  # noqa: ANN401
        assert pool.name == "WORKSPACE"
        self._world.story.workspaces.append(size)

    def add_optimization_profile(self, profile: Any) -> int:  # noqa: ANN401
        self._profiles.append(profile)
        self._world.story.profiles += profile._shapes.values()
        return len(self._profiles) - 1

    def create_timing_cache(self, content: bytes) -> object:
        self._world.story.timing_caches.append(content)
        return self._world.new(ITimingCache, content)

    def set_timing_cache(self, cache: object, ignore_mismatch: bool) -> bool:
        assert not ignore_mismatch
        self._cache = cache
        return True

    def get_timing_cache(self) -> object:
        return self._cache

    def _attribute(name: str) -> property:  # type: ignore[misc] # noqa: N805
        def read(self: "IBuilderConfig") -> object:
            return self._values.get(name)

        def write(self: "IBuilderConfig", value: object) -> None:
            self._values[name] = value
            if name == "DLA_core":
                self._world.story.dla.append(int(str(value)))

        return property(read, write)

    progress_monitor = _attribute("progress_monitor")
    builder_optimization_level = _attribute("builder_optimization_level")
    default_device_type = _attribute("default_device_type")
    DLA_core = _attribute("DLA_core")


class _ParserError:
    def __init__(self, text: str) -> None:
        self._text = text

    def desc(self) -> str:
        return self._text


class OnnxParser(_Part):
    def __init__(self, world: _World, network: Any, _logger: object) -> None:  # noqa: ANN401
        super().__init__(world)
        self._network = network
        self._errors: list[_ParserError] = []

    @property
    def num_errors(self) -> int:
        return len(self._errors)

    def get_error(self, index: int) -> _ParserError:
        return self._errors[index]

    def parse(self, model: bytes) -> bool:
        graph = onnx.load_model_from_string(model)
        onnx.checker.check_model(graph)
        self._errors = [_ParserError(text) for text in _refusals(graph, self._world.major)]
        self._network._graph = graph
        self._network._layers = [self._world.new(ILayer, node) for node in graph.graph.node]
        return not self._errors


def _refusals(graph: onnx.ModelProto, major: int) -> list[str]:
    """What that generation's parser says to a graph."""
    found = []
    if major < 10 and graph.opset_import[0].version > 17:
        found.append(f"opset {graph.opset_import[0].version} is not supported")
    constants = {tensor.name: tensor for tensor in graph.graph.initializer}
    for node in graph.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] not in constants:
            continue
        kind = constants[node.input[0]].data_type
        if kind == TensorProto.INT32:
            found.append("input has type Int32")
        elif major < 10:
            found.append("int8 weights without their Q")
    return found


class Runtime(_Part):
    def __init__(self, world: _World, logger: object) -> None:
        super().__init__(world)
        assert world.gpu.retained, "TensorRT was used before a CUDA context: that crashes"
        self._logger = logger

    def deserialize_cuda_engine(self, serialized: bytes) -> object:
        world = self._world
        world.story.deserialized += 1
        if world.story.refuse_to_load:
            world.complain(self._logger, world.story.refuse_to_load)
            return None
        assert serialized.startswith(MAGIC), "bytes that are no engine crash TensorRT"
        head, _, content = serialized.removeprefix(MAGIC).partition(b"\n")
        facts = json.loads(head)
        assert facts["version"] == world.version, "an engine of another TensorRT crashes it"
        assert tuple(facts["capability"]) == world.gpu.capability, "an engine of another GPU"
        return world.new(ICudaEngine, self, facts, content, self._logger)


class ICudaEngine(_Part):
    def __init__(
        self, world: _World, runtime: object, facts: dict[str, Any], content: bytes, logger: object
    ) -> None:
        super().__init__(world)
        self._runtime, self._facts, self._logger = runtime, facts, logger
        options = ort.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(content, options, ["CPUExecutionProvider"])
        self._nodes = [*self._session.get_inputs(), *self._session.get_outputs()]

    @property
    def num_io_tensors(self) -> int:
        return len(self._nodes)

    def get_tensor_name(self, index: int) -> str:
        return str(self._nodes[index].name)

    def _node(self, name: str) -> Any:  # noqa: ANN401
        return next(node for node in self._nodes if node.name == name)

    def get_tensor_mode(self, name: str) -> object:
        modes = self._world.enums["TensorIOMode"]
        is_input = name in {node.name for node in self._session.get_inputs()}
        return modes.INPUT if is_input else modes.OUTPUT

    def get_tensor_dtype(self, name: str) -> object:
        kinds = self._world.enums["DataType"]
        return {"tensor(uint8)": kinds.UINT8, "tensor(float)": kinds.FLOAT}[self._node(name).type]

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(size if isinstance(size, int) else -1 for size in self._node(name).shape)

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[Any]:
        assert profile == 0
        return list(self._facts["profile"][name])

    def create_execution_context(self) -> object:
        return self._world.new(IExecutionContext, self)


class IExecutionContext(_Part):
    def __init__(self, world: _World, engine: Any) -> None:  # noqa: ANN401
        super().__init__(world)
        self._engine = engine
        self._shape: tuple[int, ...] = ()
        self._addresses: dict[str, int] = {}
        self._is_set_up = False

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        smallest, _, largest = self._engine._facts["profile"][name]
        if not all(low <= size <= high for low, size, high in zip(smallest, shape, largest)):  # noqa: B905
            self._world.complain(self._engine._logger, f"shape {shape} is outside the profile")
            return False
        if self._shape != tuple(shape):
            self._shape, self._is_set_up = tuple(shape), False
        return True

    def set_tensor_address(self, name: str, memory: int) -> bool:
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        world, engine = self._world, self._engine
        if world.story.refuse_to_run:
            world.complain(engine._logger, world.story.refuse_to_run)
            return False
        if stream_handle in world.gpu.capturing:
            assert self._is_set_up, "the first run after a change of shape was captured"
        self._is_set_up = True
        shape, addresses = self._shape, dict(self._addresses)
        world.gpu.launch(stream_handle, lambda: self._compute(shape, addresses))
        return True

    def _compute(self, shape: tuple[int, ...], addresses: dict[str, int]) -> None:
        engine, story, gpu = self._engine, self._world.story, self._world.gpu
        story.runs.append(shape[0])
        (source,), (target,) = engine._session.get_inputs(), engine._session.get_outputs()
        pixels = gpu.view(addresses[source.name], int(np.prod(shape))).reshape(shape)
        (answer,) = engine._session.run([target.name], {source.name: pixels})
        answer = np.array(answer, np.float32)
        precision = engine._facts["precision"]
        answer[..., 4] += story.wrong_by.get(precision, 0.0)
        story.clock_s += shape[0] * PICTURE_S * story.slow.get(precision, 1.0)
        gpu.view(addresses[target.name], answer.nbytes)[:] = answer.reshape(-1).view(np.uint8)
