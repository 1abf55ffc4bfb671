"""What is measured, each in a process of its own: `python -m bench.workloads NAME OPTIONS`.

Every workload prints one JSON object with `images_per_s`. All take the same pictures from the same
clip; start-up and the first frames are not counted.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgedet.app import Application, Event
from edgedet.config.load import load_settings
from edgedet.manifest import Bundle, read_bundle
from edgedet.openvino_library import openvino_core
from edgedet.vision import letterbox, select_detections

_WARM_FRAMES = 24
_POLL_S = 0.02
Infer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def bare(options: argparse.Namespace) -> dict[str, object]:
    """The backend's own session as it comes, fed with prepared batches: the most one can have."""
    bundle = read_bundle(options.bundle)
    infer = open_session(bundle, options.backend)
    pictures = [letterbox(image, bundle.input_hw)[0] for image in read_clip(options.clip, 64)]
    batches = [
        np.ascontiguousarray(np.stack(pictures[start : start + options.batch]))
        for start in range(0, len(pictures), options.batch)
    ]
    for batch in batches[: -(-_WARM_FRAMES // options.batch)]:
        infer(batch)
    start_s, images = time.perf_counter(), 0
    while images < options.frames:
        for batch in batches:
            infer(batch)
            images += len(batch)
    return {"images_per_s": images / (time.perf_counter() - start_s)}


def opencv(options: argparse.Namespace) -> dict[str, object]:
    """The loop that everybody writes first: read, letterbox, infer, select, one after another."""
    bundle = read_bundle(options.bundle)
    infer = open_session(bundle, options.backend)
    start_s, images = 0.0, -_WARM_FRAMES
    for image in read_clip(options.clip, options.frames + _WARM_FRAMES):
        if images == 0:
            start_s = time.perf_counter()
        picture, box = letterbox(image, bundle.input_hw)
        candidates = infer(picture[None])[0]
        select_detections(candidates, box, score_threshold=0.25, iou_threshold=0.45)
        images += 1
    return {"images_per_s": images / (time.perf_counter() - start_s)}


def pipeline(options: argparse.Namespace) -> dict[str, object]:
    """The whole of edgedet: files in through GStreamer, messages out to a broker."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "bench.yaml"
        config.write_text(json.dumps(_configuration(options)), encoding="utf-8")
        app = Application(load_settings(config).settings)
        app.start()
        try:
            warm = _WARM_FRAMES * options.sources
            while app.snapshot().frames < warm:
                if app.wait(_POLL_S) is not None:
                    sys.exit(f"the pipeline ended early: {app.error}")
            start_s, first = time.perf_counter(), app.snapshot().frames
            last = first
            while last < first + options.frames and app.wait(_POLL_S) is not Event.ENDED:
                last = app.snapshot().frames
            seconds, last = time.perf_counter() - start_s, app.snapshot().frames
            snapshot = app.snapshot()
        finally:
            app.stop()
    stages = {
        stage.value: [round(times.p50_ms, 2), round(times.p99_ms, 2)]
        for stage, times in snapshot.stages.items()
    }
    dropped = sum(view.status.dropped for view in snapshot.sources)
    return {
        "images_per_s": (last - first) / seconds,
        "stages_ms": stages,
        "dropped": dropped,
        "backend": snapshot.backend,
    }


def open_session(bundle: Bundle, backend: str) -> Infer:
    """A session with the backend's default settings, in float32 as everything else here."""
    if backend == "openvino":
        # left alone it computes in bfloat16 on CPUs that can, which edgedet does not
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino_core().compile_model(str(bundle.model_path), "CPU", settings)
        request = compiled.create_infer_request()
        return lambda batch: np.asarray(request.infer([batch])[compiled.output(0)])
    import onnxruntime  # noqa: PLC0415

    session = onnxruntime.InferenceSession(
        str(bundle.model_path), providers=["CPUExecutionProvider"]
    )
    name = bundle.manifest.input.name
    return lambda batch: np.asarray(session.run(None, {name: batch})[0])


def read_clip(clip: Path, count: int) -> Iterator[NDArray[np.uint8]]:
    """`count` RGB frames of the clip, from its start again after its end."""
    given = 0
    while given < count:
        capture = cv2.VideoCapture(str(clip))
        ok, image = capture.read()
        if not ok:
            sys.exit(f"cannot read {clip}")
        while ok and given < count:
            yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
            given += 1
            ok, image = capture.read()
        capture.release()


def _configuration(options: argparse.Namespace) -> dict[str, object]:
    uri = options.clip.resolve().as_uri()
    return {
        "device": {"site": "bench", "name": "bench"},
        "model": {"bundle": str(options.bundle.resolve()), "backend": options.backend},
        "sources": [
            {"id": f"file-{number}", "uri": uri, "realtime": False, "loop": True}
            for number in range(options.sources)
        ],
        "batch": {"max_size": options.batch},
        "mqtt": {"url": f"mqtt://127.0.0.1:{options.broker_port}"},
        "state_dir": "state",
    }


def main() -> None:
    """Run the workload that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    workloads = {"bare": bare, "opencv": opencv, "pipeline": pipeline}
    parser.add_argument("name", choices=workloads)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--backend", default="onnxruntime")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--sources", type=int, default=1)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--broker-port", type=int, default=1883)
    options = parser.parse_args()
    print(json.dumps(workloads[options.name](options)))


if __name__ == "__main__":
    main()
