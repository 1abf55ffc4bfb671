"""Roboflow through its own package, for those who want it: the only file here that knows it.

The package hides Retry-After, waits five minutes for an answer, and takes its address from its own
environment variable `API_URL`; `client: http` does without all that.
"""

import importlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from edgedet.config.sampling import RoboflowSettings
from edgedet.errors import ConfigError
from edgedet.sample.base import Parcel, Receipt, SinkBusyError
from edgedet.sample.picture import label_text
from edgedet.sample.sinks.answers import Answer, check_annotated, image_id_of
from edgedet.sample.sinks.secret import hidden, read_secrets

_SHOWN = 200


class RoboflowPackageSink:
    """A project at Roboflow."""

    def __init__(self, settings: RoboflowSettings) -> None:
        """Import the package.

        Raises:
            ConfigError: if it is not installed.
        """
        try:
            self._api = importlib.import_module("roboflow.adapters.rfapi")
        except ImportError as exc:
            msg = (
                "sampling.roboflow.client: the package is not installed;"
                " `pip install 'edgedet[roboflow]'`, or choose client: http"
            )
            raise ConfigError(msg, (msg,)) from exc
        self._settings = settings

    @property
    def target(self) -> str:
        """The project."""
        return f"roboflow package {self._settings.project}"

    def upload(self, parcel: Parcel) -> Receipt:
        """Send the picture, with its batch and tags.

        Raises:
            SinkRefusalError: it will never be taken.
            SinkBusyError: it may be taken later.
        """
        answer = self._call(
            self._api.upload_image,
            image_path=str(parcel.picture),
            split="train",
            batch_name=parcel.batch,
            tag_names=list(parcel.sample.tags),
        )
        image_id, was_there = image_id_of(answer)
        return Receipt(image_id, was_there=was_there)

    def annotate(self, parcel: Parcel, remote_id: str) -> None:
        """Send what the model saw, as predictions to start from.

        Raises:
            SinkRefusalError: they will never be taken.
            SinkBusyError: they may be taken later.
        """
        answer = self._call(
            self._api.save_annotation,
            annotation_name=Path(parcel.picture.name).with_suffix(".txt").name,
            annotation_string=label_text(parcel.sample.objects),
            image_id=remote_id,
            is_prediction=True,
            annotation_labelmap={str(i): name for i, name in enumerate(parcel.class_names)},
        )
        check_annotated(answer)

    def close(self) -> None:
        """Nothing is kept open here."""

    def _call(self, function: Callable[..., Mapping[str, Any]], **arguments: object) -> Answer:
        """The answer, whether the package returns it or raises it."""
        (key,) = read_secrets(self._settings.api_key_file, 1)
        try:
            body = function(key, self._settings.project, **arguments)
        except Exception as exc:  # noqa: BLE001 - the package raises its own, requests' and any other
            status = getattr(exc, "status_code", None)
            told = hidden(" ".join(str(exc).split()), key)[:_SHOWN]
            if not isinstance(status, int):
                msg = f"roboflow not reached: {type(exc).__name__}"
                raise SinkBusyError(msg) from None  # the cause holds the key
            return Answer(status, told, {})
        if body.get("warn") == "already annotated":
            return Answer(HTTPStatus.CONFLICT, "already annotated", {})
        return Answer(HTTPStatus.OK, "", body)
