"""Labels for a device's samples of an annotated video, from its ground truth: what a person does.

    PYTHONPATH=. python bench/label_samples.py SAMPLES GT [--last 500] [--class person]

SAMPLES is the folder that a device sampled into while it played the video once, every frame
(`realtime: false`). Samples of frames behind --last stay as the device's model labelled them.
"""

import argparse
import json
from pathlib import Path

from edgedet.sample.layout import label_path
from train.data.ingest.annotated import Tally, to_labels
from train.data.ingest.mot_rows import TruthClasses, read_mot
from train.data.labels import format_labels


def main() -> None:
    """Write the label files, and say how many there are."""
    options = _parser().parse_args()
    boxes = read_mot(options.truth, TruthClasses((options.class_name,)), Tally())
    last = min(options.last or max(boxes), max(boxes))
    labelled = objects = left = 0
    for path in sorted((options.samples / "images").rglob("*.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        number = facts["seq"] + 1  # frames of the ground truth count from 1
        if number > last:
            left += 1
            continue
        labels = to_labels(tuple(boxes.get(number, ())), (facts["width"], facts["height"]), Tally())
        label_path(path.with_suffix(".jpg")).write_text(format_labels(labels), encoding="utf-8")
        labelled, objects = labelled + 1, objects + len(labels)
    print(f"{labelled} samples labelled, {objects} objects; {left} left as they were")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("samples", type=Path, help="folder with images/ and labels/")
    parser.add_argument("truth", type=Path, help="MOTChallenge ground truth of the video")
    parser.add_argument("--last", type=int, help="last frame to label; default: all there are")
    parser.add_argument("--class", dest="class_name", default="person", help="(%(default)s)")
    return parser


if __name__ == "__main__":
    main()
