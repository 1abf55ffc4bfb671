"""Pictures of bright squares as a data set large enough to calibrate with, and a float bundle."""

from pathlib import Path

from edgedet.manifest import (
    MODEL_FILE,
    WEIGHTS_FILE,
    Bundle,
    InputSpec,
    Manifest,
    OutputSpec,
    TrainingFacts,
    file_entry,
    write_manifest,
)
from tests.train.console import make_data
from tests.train.export.lively import lively_model
from train.export.onnx import export_onnx
from train.model import CheckpointContent, save_checkpoint

NAMES = ("class-0", "class-1")
HW = (64, 96)


def squares(folder: Path) -> Path:
    """A `data.yaml` of ten pictures with a bright square each in train, and ten in val."""
    return make_data(folder, NAMES, 10)


def float_bundle(folder: Path) -> Bundle:
    """The bundle of a random network, without the checks and the golden case of `train export`."""
    folder.mkdir(parents=True)
    model = lively_model(len(NAMES))
    count = export_onnx(model, folder / MODEL_FILE, HW)
    save_checkpoint(folder / WEIGHTS_FILE, model, CheckpointContent(NAMES, half=True))
    manifest = Manifest(
        name="one",
        version="3",
        class_names=list(NAMES),
        precision="fp32",
        input=InputSpec(height=HW[0], width=HW[1]),
        output=OutputSpec(count=count),
        files=[file_entry(folder, name) for name in (MODEL_FILE, WEIGHTS_FILE)],
        training=TrainingFacts(architecture="yolov7-tiny"),
    )
    return write_manifest(folder, manifest)
