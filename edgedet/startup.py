"""What is looked at before anything is built: sources, the bundle, what is kept on disk."""

from edgedet.config.model import ModelSettings
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.detect import ChoiceStore, create_detector
from edgedet.errors import ConfigError
from edgedet.manifest import Bundle, identity_of, read_bundle
from edgedet.paths import problem_of_folder
from edgedet.publish.commands.memory import CommandMemory
from edgedet.source import problems_of_sources
from edgedet.stream.model import Model, Thresholds

_MEMORY_FILE = "commands.json"


def checked_sources(settings: Settings) -> list[SourceSettings]:
    """The sources, those included that are not enabled.

    Raises:
        ConfigError: none is enabled, or the address of one that is makes no sense.
    """
    enabled = [source for source in settings.sources if source.enabled]
    if not enabled:
        msg = "no source is enabled; set `enabled: true` for at least one"
        raise ConfigError(msg)
    problems = problems_of_sources(enabled)
    if problems:
        msg = f"{len(problems)} of the sources cannot be opened as written"
        raise ConfigError(msg, tuple(problems))
    return list(settings.sources)


def configured_bundle(settings: Settings) -> Bundle:
    """The model bundle that the settings name.

    Raises:
        ConfigError: there is none where the settings say.
        ModelError: it cannot be used.
    """
    folder = settings.model.bundle
    if what := problem_of_folder(folder):
        msg = (
            f"model.bundle: '{folder}' {what}; expected a model bundle, as made by"
            " `python -m train export`"
        )
        raise ConfigError(msg)
    return read_bundle(folder)


def thresholds_of(model: ModelSettings, defaults: Thresholds) -> Thresholds:
    """Of the score and the overlap: those of the settings, or else a model's own."""
    score, iou = model.score_threshold, model.iou_threshold
    return Thresholds(
        defaults.score if score is None else score, defaults.iou if iou is None else iou
    )


def model_of(bundle: Bundle, settings: ModelSettings, max_batch: int, store: ChoiceStore) -> Model:
    """The model of `bundle`, as the pipeline runs it; nothing is loaded yet."""
    own = bundle.manifest.thresholds
    defaults = Thresholds(own.score, own.iou)
    return Model(
        identity=identity_of(bundle.manifest),
        input_hw=bundle.input_hw,
        thresholds=thresholds_of(settings, defaults),
        defaults=defaults,
        make_detector=lambda: create_detector(bundle, settings, max_batch, store),
    )


def command_memory(settings: Settings) -> CommandMemory | None:
    """The commands that were given before; None where none are taken."""
    mqtt = settings.mqtt
    if mqtt.is_off or not mqtt.commands.enabled:
        return None
    return CommandMemory(settings.state_dir / _MEMORY_FILE)
