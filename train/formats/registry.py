"""The formats by name, and how a file of one is recognized and opened."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import ModelError
from train.base import Predictor
from train.formats import coreml, openvino, tflite, torchscript
from train.formats.base import Origin
from train.formats.facts import FACTS_FILE, read_facts

STEM = "model"


@dataclass(frozen=True, slots=True)
class Format:
    """A format. `runs_here` is empty, or says why a file of it cannot be run on this machine."""

    name: str
    suffix: str
    convert: Callable[[Origin, Path], None]
    open: Callable[[Path], Predictor]
    runs_here: Callable[[], str] = str

    @property
    def file_name(self) -> str:
        """The file that `train export` writes, as in `model.tflite`."""
        return f"{STEM}{self.suffix}"


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("openvino", openvino.SUFFIX, openvino.convert, openvino.OpenVinoModel),
        Format("tflite", tflite.SUFFIX, tflite.convert, tflite.TfLiteModel),
        Format(
            "coreml", coreml.SUFFIX, coreml.convert, coreml.CoreMlModel, coreml.why_not_run_here
        ),
        Format(
            "torchscript",
            torchscript.SUFFIX,
            torchscript.convert,
            torchscript.TorchScriptModel,
        ),
    )
}


def exported_file(path: Path) -> Path | None:
    """The file of one of these formats that `path` is, or that lies in its folder; else None.

    Raises:
        ModelError: If the folder's description cannot be read.
    """
    if path.suffix in {each.suffix for each in FORMATS.values()}:
        return path
    if (path / FACTS_FILE).is_file():
        return path / read_facts(path).file
    return None


def open_exported(path: Path) -> tuple[Predictor, tuple[str, ...]]:
    """The model in a file or folder, and its class names; none if nothing beside it says them.

    Raises:
        ModelError: If it is not there, cannot be run here, or is none of ours.
    """
    file = exported_file(path)
    if file is None or not file.exists():
        msg = f"there is no exported model '{file or path}'; make it with `train export --format`"
        raise ModelError(msg)
    chosen = next(each for each in FORMATS.values() if each.suffix == file.suffix)
    names: tuple[str, ...] = ()
    if (file.parent / FACTS_FILE).is_file():
        facts = read_facts(file.parent)
        names = tuple(facts.class_names) if facts.file == file.name else ()
    return chosen.open(file), names
