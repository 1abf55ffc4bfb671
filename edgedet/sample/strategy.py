"""From a strategy's settings to its answer about a frame: a reason, and the classes behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from edgedet.config.sampling import StrategySettings, StrategyType
from edgedet.errors import ConfigError
from edgedet.sample import policies
from edgedet.sample.view import Proposals


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A frame as strategies see it.

    `before` and `after` are its neighbours in time, `other` what a second model saw in it, `drifts`
    the deviations of its source's statistics; None or empty where there are none.
    """

    source_id: str
    seen: Proposals
    threshold: float
    before: Proposals | None = None
    after: Proposals | None = None
    other: Proposals | None = None
    drifts: Mapping[str, float] = field(default_factory=dict)

    @property
    def detections(self) -> Proposals:
        """What is above the threshold."""
        return self.seen.above(self.threshold)


@dataclass(frozen=True, slots=True)
class Match:
    """A reason to keep a frame, in words, and the classes it is kept for, strongest first."""

    why: str
    class_ids: tuple[int, ...] = ()


class Strategy:
    """One strategy of the settings."""

    def __init__(self, settings: StrategySettings, class_names: Sequence[str]) -> None:
        """Look up the classes.

        Raises:
            ConfigError: if a class is none of the model's, or the strategy makes no sense with it.
        """
        self.settings = settings
        self._classes = _class_ids(settings, class_names)
        self._rule = _RULES[settings.type]
        if settings.type == "margin" and len(class_names) == 1:
            msg = (
                f"sampling: strategy '{settings.name}' compares an object's best classes, and the"
                f" model has one class, {class_names[0]}; use close_to_threshold or entropy"
            )
            raise ConfigError(msg, (msg,))

    @property
    def looks_ahead(self) -> bool:
        """Whether it needs the next frame of the source."""
        return self.settings.type == "flicker"

    @property
    def compares(self) -> bool:
        """Whether it needs what a second model saw."""
        return self.settings.type == "models_disagree"

    def match(self, scene: Scene, draw: float) -> Match | None:
        """Whether the frame should be kept; `draw` is uniform in [0, 1), for the probability."""
        sources = self.settings.sources
        if draw >= self.settings.probability:
            return None
        if sources is not None and scene.source_id not in sources:
            return None
        return self._rule(self.settings, self._classes, scene)


_Classes = frozenset[int] | None
_Rule = Callable[[StrategySettings, _Classes, Scene], Match | None]


def _close(settings: StrategySettings, classes: _Classes, scene: Scene) -> Match | None:
    threshold = settings.threshold or 0.0
    near = policies.close_to_threshold(
        scene.seen.of_classes(classes),
        threshold=threshold,
        epsilon=settings.epsilon or 0.0,
        minimum_objects=settings.minimum_objects_close_to_threshold,
    )
    return _because(near, f"close to {threshold:g}")


def _random(_settings: StrategySettings, _classes: _Classes, _scene: Scene) -> Match | None:
    return Match("by chance")


def _of_classes(_settings: StrategySettings, classes: _Classes, scene: Scene) -> Match | None:
    return _because(scene.detections.of_classes(classes), "of the chosen classes")


def _of_number(settings: StrategySettings, classes: _Classes, scene: Scene) -> Match | None:
    objects = scene.detections.of_classes(classes)
    low, high = settings.more_than, settings.less_than
    if not policies.of_number(objects, more_than=low, less_than=high):
        return None
    return Match(f"{len(objects)} objects", _ids(objects))


def _margin(settings: StrategySettings, classes: _Classes, scene: Scene) -> Match | None:
    near = policies.small_margin(
        scene.seen.of_classes(classes),
        margin=settings.margin,
        minimum_score=settings.minimum_score,
    )
    return _because(near, "between two classes")


def _entropy(settings: StrategySettings, classes: _Classes, scene: Scene) -> Match | None:
    doubtful = policies.high_entropy(
        scene.seen.of_classes(classes),
        minimum_entropy=settings.minimum_entropy,
        minimum_score=settings.minimum_score,
    )
    return _because(doubtful, "doubtful")


def _flicker(_settings: StrategySettings, classes: _Classes, scene: Scene) -> Match | None:
    if scene.before is None or scene.after is None:
        return None
    missed = policies.flicker(scene.before, scene.seen, scene.after, threshold=scene.threshold)
    return _because(missed.of_classes(classes), "seen before and after, not here")


def _disagree(settings: StrategySettings, classes: _Classes, scene: Scene) -> Match | None:
    if scene.other is None:
        return None
    apart = policies.disagreement(
        scene.seen, scene.other, threshold=scene.threshold, minimum_score=settings.minimum_score
    ).of_classes(classes)
    is_enough = len(apart) >= settings.minimum_disagreements
    return _because(apart, "seen by one model alone") if is_enough else None


def _drift(settings: StrategySettings, _classes: _Classes, scene: Scene) -> Match | None:
    name = max(scene.drifts, key=lambda each: scene.drifts[each], default=None)
    if name is None or scene.drifts[name] < settings.deviations:
        return None
    return Match(f"{name} of objects {scene.drifts[name]:.1f} deviations from what is usual")


_RULES: dict[StrategyType, _Rule] = {
    "close_to_threshold": _close,
    "random": _random,
    "classes_based": _of_classes,
    "detections_number_based": _of_number,
    "margin": _margin,
    "entropy": _entropy,
    "flicker": _flicker,
    "models_disagree": _disagree,
    "drift": _drift,
}


def _because(reason: Proposals, words: str) -> Match | None:
    return Match(f"{len(reason)} {words}", _ids(reason)) if len(reason) else None


def _ids(reason: Proposals) -> tuple[int, ...]:
    """The classes in order, each once."""
    return tuple(dict.fromkeys(reason.class_ids.tolist()))


def _class_ids(settings: StrategySettings, class_names: Sequence[str]) -> _Classes:
    chosen = settings.selected_class_names
    if chosen is None:
        return None
    unknown = [name for name in chosen if name not in class_names]
    if unknown:
        msg = (
            f"sampling: strategy '{settings.name}' selects {', '.join(unknown)};"
            f" the model has {', '.join(class_names)}"
        )
        raise ConfigError(msg, (msg,))
    return frozenset(class_names.index(name) for name in chosen)
