"""`train ingest roboflow`: an export that was downloaded, or a version to download."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edgedet.errors import DataError, UsageError
from train.commands.ingest import shared
from train.data.ingest.annotated import Tally
from train.data.ingest.roboflow import opened_export, passing_folder, read_export
from train.data.ingest.roboflow_sdk import download_version, parse_version

KEY_VARIABLE = "ROBOFLOW_API_KEY"


def roboflow(  # noqa: PLR0913 - the options of the command
    out: shared.Out,
    export: Annotated[
        Path | None, typer.Option(help="Export as YOLOv7 (v5, v8) PyTorch: a folder or a zip.")
    ] = None,
    version: Annotated[
        str, typer.Option(help="[workspace/]project/number: download it; needs the SDK and a key.")
    ] = "",
    api_key_file: Annotated[
        Path | None, typer.Option(help=f"File with the key; else the variable {KEY_VARIABLE}.")
    ] = None,
    pictures: shared.Pictures = "copy",
    previous: shared.Previous = None,
) -> None:
    """Turn a Roboflow export into a checked YOLO data set, with the splits it has.

    Example: python -m train ingest roboflow --export gates.v3.yolov7pytorch.zip --out data/gates
    """
    if (export is None) == (not version):
        msg = "give either --export FOLDER_OR_ZIP or --version WORKSPACE/PROJECT/NUMBER"
        raise UsageError(msg)
    target = shared.Target(out, pictures, previous)
    if export is not None:
        _ingest(export, target)
        return
    wanted = parse_version(version)
    key = api_key(api_key_file)
    with passing_folder(_scratch(out)) as place:
        _ingest(download_version(wanted, key, place), target)


def _ingest(source: Path, target: shared.Target) -> None:
    tally, console = Tally(), Console(stderr=True)
    with opened_export(source, _scratch(target.out)) as folder:
        found = read_export(folder, tally)
        for line in found.told:
            console.print(f"note: {line}", markup=False, highlight=False, soft_wrap=True)
        shared.write_set(
            console,
            target,
            found.class_names,
            found.items,
            tally,
            how="as exported",
            origin=found.origin,
            notes=found.notes,
        )


def _scratch(out: Path) -> Path:
    """A folder on the disk of `out`, so that unpacked pictures can be linked."""
    parent = out.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        msg = f"cannot make folder {parent}: {exc.strerror}"
        raise DataError(msg) from exc
    return parent


def api_key(file: Path | None) -> str:
    """The key, never an argument: the list of processes shows those to everybody.

    Raises:
        UsageError: if there is none.
    """
    if file is not None:
        try:
            key = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            msg = f"cannot read the key in {file}: {exc}"
            raise UsageError(msg) from exc
    else:
        key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        msg = f"no Roboflow key: set {KEY_VARIABLE}, or give --api-key-file FILE"
        raise UsageError(msg)
    return key
