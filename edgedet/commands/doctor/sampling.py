"""Sampling: can frames be kept on this disk, and would they be let in where they are labelled?"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from edgedet.clock import SystemClock
from edgedet.commands.doctor.checks import Check, failed, passed, warned
from edgedet.config.settings import Settings
from edgedet.errors import SampleError
from edgedet.paths import problem_of_folder
from edgedet.sample.base import SinkBusyError, SinkClosedError
from edgedet.sample.sinks.roboflow_http import RoboflowHttpSink
from edgedet.sampling import FOLDER, SAMPLES, open_store

STORE, SINK = "samples", "labelling"
_MIB = 1 << 20


def examine(settings: Settings) -> Iterator[Check]:
    """What is to be said of `sampling`, if it is on."""
    if not settings.sampling.enabled:
        return
    yield _store(settings)
    sampling = settings.sampling
    if sampling.sink == "roboflow" and sampling.roboflow is not None:
        yield _roboflow(RoboflowHttpSink(sampling.roboflow, SystemClock()))
    elif sampling.sink == "folder":
        yield _folder(sampling.folder.path or settings.state_dir / SAMPLES / FOLDER)


def _store(settings: Settings) -> Check:
    folder = settings.state_dir / SAMPLES
    place = _nearest(folder)
    if not os.access(place, os.W_OK):
        fix = f"run this as the user of the service, or let it write to {place}"
        return failed(STORE, f"{place} cannot be written", fix)
    told = "nothing was kept yet"
    stored_bytes = 0
    if not problem_of_folder(folder):
        try:
            store = open_store(settings, may_create=False)
        except SampleError as exc:
            fix = "frames are not kept; move the folder away to begin anew, without its budgets"
            return failed(STORE, str(exc), fix)
        states = store.ledger.by_state()
        stored_bytes = store.ledger.stored_bytes()
        store.ledger.close()
        told = ", ".join(f"{count} {state}" for state, count in states.items() if count) or told
    sampling = settings.sampling
    wanted = max(sampling.quota_mib * _MIB - stored_bytes, 0) + sampling.reserve_mib * _MIB
    free = shutil.disk_usage(place).free
    if free < wanted:
        fix = "make room, or lower sampling.quota_mib; frames make way before the quota is reached"
        return warned(STORE, f"{told}; {free // _MIB} MiB free, {wanted // _MIB} wanted", fix)
    return passed(STORE, f"{told}; {free // _MIB} MiB free")


def _roboflow(sink: RoboflowHttpSink) -> Check:
    try:
        return passed(SINK, sink.check())
    except SinkClosedError as exc:
        fix = "correct sampling.roboflow: project, and the key in api_key_file"
        return failed(SINK, f"{sink.target}: {exc}", fix)
    except SinkBusyError as exc:
        return warned(SINK, f"{sink.target}: {exc}", "frames wait on this disk until it answers")
    finally:
        sink.close()


def _folder(folder: Path) -> Check:
    place = _nearest(folder)
    if not os.access(place, os.W_OK):
        fix = f"let the user of the service write to {place}, or choose another folder.path"
        return failed(SINK, f"{place} cannot be written", fix)
    return passed(SINK, f"folder {folder}")


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(
        place for place in (folder, *folder.absolute().parents) if not problem_of_folder(place)
    )
