"""Finding weights in what other projects save: model objects, and state dicts in many wrappings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from train.model.unpickle import Placeholder

_MAX_DEPTH = 32
_MAX_MODULES = 20_000
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PARALLEL_PREFIX = "module."


@dataclass(frozen=True, slots=True)
class ForeignModel:
    """Weights by name, and what was said beside them."""

    weights: dict[str, Tensor]
    ema: dict[str, Tensor] | None = None
    is_object: bool = False
    names: tuple[str, ...] = ()
    metadata: dict[str, object] = field(default_factory=dict)


def read_foreign(content: object) -> ForeignModel | None:
    """The model in an unpickled checkpoint of another project; None if there is none."""
    if not isinstance(content, dict):
        weights = _weights(content)
        return _described(weights, None, content, {}) if weights else None
    ema = _weights(content.get("ema"))
    for key in _WRAPPERS:
        weights = _weights(content.get(key))
        if weights:
            return _described(weights, ema, content[key], content)
    if ema:
        return _described(ema, None, content["ema"], content)
    weights = _weights(content)
    return _described(weights, None, None, content) if weights else None


def _described(
    weights: dict[str, Tensor],
    ema: dict[str, Tensor] | None,
    model: object,
    content: Mapping[str, object],
) -> ForeignModel:
    state = _state(model)
    names = state.get("names", content.get("names"))
    metadata: dict[str, object] = {}
    epoch = content.get("epoch")
    if type(epoch) is int:
        metadata["epoch"] = epoch
    yaml_file = state.get("yaml_file")
    if isinstance(yaml_file, str):
        metadata["yaml_file"] = yaml_file
    activations = sorted(_activations(model))
    if activations:
        metadata["activations"] = activations
    return ForeignModel(weights, ema, isinstance(model, Placeholder), _names(names), metadata)


def _weights(value: object) -> dict[str, Tensor] | None:
    """Tensors by name of a model object or a state dict; None if `value` is neither."""
    if isinstance(value, Placeholder):
        weights: dict[str, Tensor] = {}
        for prefix, state in _walk(value):
            _collect(weights, prefix, state)
    elif isinstance(value, dict) and value:
        weights = {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, Tensor)}
        if len(weights) != len(value):
            return None
    else:
        return None
    while weights and all(key.startswith(_PARALLEL_PREFIX) for key in weights):
        weights = {key.removeprefix(_PARALLEL_PREFIX): value for key, value in weights.items()}
    return weights or None


def _collect(weights: dict[str, Tensor], prefix: str, state: Mapping[str, object]) -> None:
    """Add a module's own tensors as its state dict would name and order them."""
    transient = state.get("_non_persistent_buffers_set")
    skipped = transient if isinstance(transient, set) else set()
    for group in ("_parameters", "_buffers"):
        members = state.get(group)
        if not isinstance(members, dict):
            continue
        for name, value in members.items():
            if isinstance(value, Tensor) and not (group == "_buffers" and name in skipped):
                weights[f"{prefix}{name}"] = value


def _walk(root: object) -> list[tuple[str, Mapping[str, object]]]:
    """Every module below `root` with its dotted prefix, parents first, in their order."""
    found: list[tuple[str, Mapping[str, object]]] = []
    waiting: list[tuple[str, object, int]] = [("", root, 0)]
    while waiting and len(found) < _MAX_MODULES:  # shared children could be made to multiply
        prefix, module, depth = waiting.pop()
        state = _state(module)
        found.append((prefix, state))
        children = state.get("_modules")
        if isinstance(children, dict) and depth < _MAX_DEPTH:
            below = [(f"{prefix}{name}.", child, depth + 1) for name, child in children.items()]
            waiting.extend(reversed(below))
    return found


def _state(module: object) -> Mapping[str, object]:
    if isinstance(module, Placeholder) and isinstance(module.state, dict):
        return module.state
    return {}


def _activations(model: object) -> set[str]:
    """Class names of the activation layers in a model object."""
    found: set[str] = set()
    for _, state in _walk(model):
        children = state.get("_modules")
        if isinstance(children, dict):
            for child in children.values():
                if isinstance(child, Placeholder) and ".activation." in child.qualified_name:
                    found.add(child.qualified_name.rsplit(".", 1)[-1])
    return found


def _names(value: object) -> tuple[str, ...]:
    """Class names in order of their ids, from a list, or a mapping as newer forks have it."""
    if isinstance(value, dict) and all(type(key) is int for key in value):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return tuple(value)
    return ()
