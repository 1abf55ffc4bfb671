"""The only file of the trainer that knows the `roboflow` package, which need not be installed."""

import contextlib
import importlib
import io
from pathlib import Path

from edgedet.errors import DataError, UsageError

_FORM = "yolov7"


def parse_version(text: str) -> tuple[str, str, int]:
    """Workspace, project and version in `workspace/project/3`; empty: the key's own workspace.

    >>> parse_version("acme/gates/3"), parse_version("gates/3")
    (('acme', 'gates', 3), ('', 'gates', 3))

    Raises:
        UsageError: if `text` is not of that form.
    """
    parts = text.strip("/").split("/")
    if len(parts) not in (2, 3) or not all(parts) or not parts[-1].isdigit():
        msg = f"version {text}: expected workspace/project/number, for example acme/gates/3"
        raise UsageError(msg)
    return "" if len(parts) == 2 else parts[0], parts[-2], int(parts[-1])


def download_version(version: tuple[str, str, int], api_key: str, folder: Path) -> Path:
    """Download a version of a project as YOLOv7 PyTorch into a new folder below `folder`.

    The key appears in no message: the package writes addresses that hold it.

    Raises:
        DataError: if the package is not installed, or the service refuses or cannot be reached.
    """
    try:
        roboflow = importlib.import_module("roboflow")
    except ImportError as exc:
        msg = (
            "the roboflow package is not installed; `pip install 'edgedet[roboflow]'`, or download "
            "the export by hand and give it with --export"
        )
        raise DataError(msg) from exc
    workspace, project, number = version
    place = folder / f"{project}-{number}"
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            client = roboflow.Roboflow(api_key=api_key)
            home = client.workspace(workspace) if workspace else client.workspace()
            chosen = home.project(project).version(number)
            chosen.download(_FORM, location=str(place), overwrite=True)
    except Exception as exc:  # noqa: BLE001 - the package raises its own, requests' and any other
        told = " ".join(f"{type(exc).__name__}: {exc}".replace(api_key, "***").split())
        wanted = "/".join(filter(None, (workspace, project, str(number))))
        msg = f"cannot download {wanted} from Roboflow: {told[:300]}"
        raise DataError(msg) from None  # the cause holds the key
    return place
