import base64

import cv2
import numpy as np
import pytest

from train.evaluate import ConfusionMatrix
from train.report.matrix_chart import Confusion, matrix_chart, worst_confusions


def filled(nc: int) -> ConfusionMatrix:
    matrix = ConfusionMatrix(nc)
    matrix.matrix[:] = np.random.default_rng(0).integers(0, 50, matrix.matrix.shape)
    matrix.matrix[nc, nc] = 0
    return matrix


@pytest.mark.parametrize("nc", [1, 3, 80])
def test_is_drawn_for_any_number_of_classes(nc: int) -> None:
    address = matrix_chart(filled(nc), tuple(f"class {n}" for n in range(nc)))
    data = np.frombuffer(base64.b64decode(address.partition(",")[2]), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)

    assert image is not None
    assert min(image.shape[:2]) > (400 if nc == 1 else 500)
    assert len(np.unique(image)) > 10


def test_the_worst_confusions_come_first_and_none_is_on_the_diagonal() -> None:
    matrix = ConfusionMatrix(2)
    matrix.matrix[:] = [[90, 3, 7], [5, 40, 0], [5, 7, 0]]

    assert worst_confusions(matrix, ("cat", "dog")) == [
        Confusion("(background)", "cat", 7, None),
        Confusion("dog", "(missed)", 7, 7 / 50),
        Confusion("cat", "dog", 5, 5 / 100),
        Confusion("cat", "(missed)", 5, 5 / 100),
        Confusion("dog", "cat", 3, 3 / 50),
    ]
    assert len(worst_confusions(matrix, ("cat", "dog"), most=2)) == 2
    assert worst_confusions(ConfusionMatrix(1), ("cat",)) == []
