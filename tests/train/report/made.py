"""An evaluation without a network: pictures on disk, and detections made up around their truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np

from edgedet.detections import Detections
from tests.train.evaluate.pictures import random_scene
from train.data.dataset import Sample
from train.evaluate import Assessment, EvaluationReport, PictureResult, assess
from train.evaluate.report import ClassScores, Speed

SIDE = 320


@dataclass(frozen=True)
class Made:
    """What `train evaluate` knows when it writes its page."""

    scores: EvaluationReport
    found: Assessment
    results: list[PictureResult]


def make_evaluation(folder: Path, names: Sequence[str], pictures: int = 6) -> Made:
    """Pictures with truths, detections near them, false ones, confused ones."""
    rng = np.random.default_rng(0)
    results = []
    for number in range(pictures):
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), rng.integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8))
        scene = random_scene(rng, len(names))
        boxes = scene.truth_xyxy
        rows = np.column_stack([scene.truth_classes, (boxes[:, :2] + boxes[:, 2:]) / 2 / SIDE])
        labels = np.column_stack([rows, (boxes[:, 2:] - boxes[:, :2]) / SIDE]).astype(np.float32)
        results.append(PictureResult(Sample(path, labels), scene.found, boxes, scene.truth_classes))
    found = assess(results, names)
    return Made(_scores(found, results), found, results)


def nothing(folder: Path, names: Sequence[str]) -> Made:
    """One picture without truth in which nothing was found."""
    path = folder / "empty.png"
    cv2.imwrite(str(path), np.zeros((SIDE, SIDE, 3), dtype=np.uint8))
    none = np.zeros((0, 4), np.float32)
    ids = np.zeros(0, np.int32)
    sample = Sample(path, np.zeros((0, 5), np.float32))
    results = [PictureResult(sample, Detections(none, np.zeros(0, np.float32), ids), none, ids)]
    found = assess(results, names)
    return Made(_scores(found, results), found, results)


def _scores(found: Assessment, results: list[PictureResult]) -> EvaluationReport:
    ap50, ap = found.scores("coco")
    classes = tuple(
        ClassScores(one.name, one.labels, one.ap50 or 0, one.ap or 0, 0.5, 0.25)
        for one in found.by_class
    )
    return EvaluationReport(
        ap50=ap50,
        ap=ap,
        precision=0.5,
        recall=0.25,
        best_score=found.best_score,
        per_class=classes,
        images=len(results),
        labels=sum(len(one.truth_xyxy) for one in results),
        detections=sum(len(one.found) for one in results),
        score_threshold=0.001,
        iou_threshold=0.45,
        method="coco",
        backend="torch",
        input_hw=(SIDE, SIDE),
        shape="fixed",
        max_detections=300,
        threads=3,
        machine="an abacus",
        speed=Speed(1.0, 2.0, 1.0),
    )


class Page(HTMLParser):
    """Headings, cells, tags and sources of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.cells: list[str] = []
        self.headings: list[str] = []
        self.text = ""
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag and where it points to."""
        self.tags.append(tag)
        values = dict(attrs)
        self.sources += [str(values[name]) for name in ("src",) if name in values]
        self.links += [str(values[name]) for name in ("href",) if name in values]
        self.ids += [str(values["id"])] if "id" in values else []
        self._open = tag
        if tag in ("td", "th"):
            self.cells.append("")
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser names it
        """What follows belongs to no cell."""
        self._open = ""

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text += f" {data}"
        if self._open in ("td", "th"):
            self.cells[-1] += data
        if self._open in ("h1", "h2", "h3"):
            self.headings[-1] += data

    def after(self, name: str) -> str:
        """The cell behind the cell `name`."""
        return self.cells[self.cells.index(name) + 1]
