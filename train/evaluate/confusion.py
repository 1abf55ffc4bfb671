"""Which class is taken for which, and what is missed or seen where nothing is."""

import numpy as np
from numpy.typing import NDArray

from edgedet.vision import iou_matrix


class ConfusionMatrix:
    """Counts (nc+1, nc+1): rows predicted, columns true.

    The last row counts labels that nobody found, the last column detections on background. Unlike
    the original, pictures without labels or without a match count too.
    """

    def __init__(self, nc: int, score_threshold: float = 0.25, iou_threshold: float = 0.45) -> None:
        """Start from zero for `nc` classes; a detection counts above `score_threshold`."""
        self.nc = nc
        self.score_threshold = score_threshold
        self.iou_threshold = iou_threshold
        self.matrix: NDArray[np.int64] = np.zeros((nc + 1, nc + 1), dtype=np.int64)

    def process(self, detections: NDArray[np.float32], labels: NDArray[np.float32]) -> None:
        """Add one picture.

        Pairs with IoU > `iou_threshold` are matched one to one, best overlap first, whatever their
        classes.

        Args:
            detections: (N, 6): x1, y1, x2, y2, score, class id.
            labels: (M, 5): class id, x1, y1, x2, y2.
        """
        found = np.asarray(detections, dtype=np.float64).reshape(-1, 6)
        truth = np.asarray(labels, dtype=np.float64).reshape(-1, 5)
        found = found[found[:, 4] > self.score_threshold]
        predicted, true = found[:, 5].astype(np.int64), truth[:, 0].astype(np.int64)
        rows, columns = self._pairs(iou_matrix(found[:, :4], truth[:, 1:]))
        self._count(predicted[rows], true[columns])
        seen, missed = np.delete(predicted, rows), np.delete(true, columns)
        self._count(seen, np.full_like(seen, self.nc))
        self._count(np.full_like(missed, self.nc), missed)

    def normalized(self) -> NDArray[np.float64]:
        """Shares of each column; columns without counts stay zero."""
        totals = self.matrix.sum(axis=0, keepdims=True)
        return np.asarray(self.matrix / np.maximum(totals, 1), dtype=np.float64)

    def _count(self, predicted: NDArray[np.int64], true: NDArray[np.int64]) -> None:
        np.add.at(self.matrix, (predicted, true), 1)

    def _pairs(self, ious: NDArray[np.float64]) -> tuple[list[int], list[int]]:
        rows: list[int] = []
        columns: list[int] = []
        above = np.argwhere(ious > self.iou_threshold)
        for row, column in above[np.argsort(-ious[tuple(above.T)], kind="stable")].tolist():
            if row not in rows and column not in columns:
                rows.append(row)
                columns.append(column)
        return rows, columns
