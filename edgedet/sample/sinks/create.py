"""The sink that the settings ask for."""

from pathlib import Path

from edgedet.clock import Clock
from edgedet.config.sampling import SamplingSettings
from edgedet.sample.base import SampleSink
from edgedet.sample.sinks.folder import FolderSink
from edgedet.sample.sinks.roboflow_http import RoboflowHttpSink
from edgedet.sample.sinks.roboflow_package import RoboflowPackageSink
from edgedet.sample.sinks.s3 import S3Sink


def create_sink(settings: SamplingSettings, default_folder: Path, clock: Clock) -> SampleSink:
    """The sink; libraries are imported, nothing is opened. `default_folder` is for `folder`.

    Raises:
        ConfigError: if a library that it needs is not installed.
    """
    if settings.sink == "roboflow" and settings.roboflow is not None:
        if settings.roboflow.client == "package":
            return RoboflowPackageSink(settings.roboflow)
        return RoboflowHttpSink(settings.roboflow, clock)
    if settings.sink == "s3" and settings.s3 is not None:
        return S3Sink(settings.s3)
    return FolderSink(settings.folder.path or default_folder)
