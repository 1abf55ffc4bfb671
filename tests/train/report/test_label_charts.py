import base64
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from train.report.label_charts import label_statistics, labels_chart

ANCHORS = (((10.0, 20.0), (30.0, 40.0)), ((100.0, 100.0), (200.0, 90.0)))


@dataclass(frozen=True)
class Picture:
    path: Path
    labels: NDArray[np.float32]


def picture(path: Path, rows: list[list[float]], size: tuple[int, int] = (200, 100)) -> Picture:
    Image.new("RGB", size).save(path)
    return Picture(path, np.array(rows, np.float32).reshape(-1, 5))


def test_counts_classes_and_measures_boxes_as_the_network_sees_them(tmp_path: Path) -> None:
    one = picture(tmp_path / "a.png", [[1, 0.5, 0.25, 0.5, 0.2]])
    found = label_statistics([one, picture(tmp_path / "b.png", [])], 3, 400)

    assert (found.pictures, found.empty, found.objects) == (2, 1, 1)
    assert found.by_class.tolist() == [0, 1, 0]
    np.testing.assert_allclose(found.sizes_px, [[200, 40]])
    np.testing.assert_allclose(found.centres, [[0.5, 0.25]])


def test_a_picture_that_lies_on_its_side_is_measured_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (200, 100)).save(path, exif=exif)
    one = Picture(path, np.array([[0, 0.5, 0.5, 1, 1]], np.float32))

    np.testing.assert_allclose(label_statistics([one], 1, 400).sizes_px, [[200, 400]])


@pytest.mark.parametrize("nc", [1, 80])
def test_a_row_of_charts_for_each_split(tmp_path: Path, nc: int) -> None:
    rows = [[n % nc, 0.4, 0.5, 0.1, 0.3] for n in range(9)]
    some = label_statistics([picture(tmp_path / "a.png", rows)], nc, 64)
    none = label_statistics([picture(tmp_path / "b.png", [])], nc, 64)
    names = [f"class {n}" for n in range(nc)]

    def height(splits: dict[str, object]) -> int:
        address = labels_chart(splits, names, ANCHORS)  # type: ignore[arg-type]
        data = np.frombuffer(base64.b64decode(address.partition(",")[2]), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        return int(image.shape[0])

    assert height({"train": some, "val": none}) > 1.5 * height({"train": some})
