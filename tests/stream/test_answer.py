"""An answer shows what the backend was shown of each frame."""

import numpy as np

from edgedet.stream.answer import Answer
from edgedet.stream.batch import BatchItem
from edgedet.vision.letterbox import Letterbox
from tests.stream.fakes import answerer
from tests.track.scenes import frame_at

BOX = Letterbox.fit((6, 8), (8, 8))
ITEMS = tuple(BatchItem(frame_at(seq / 10), BOX, batched_s=0.0, index=0) for seq in range(2))
CANDIDATES = np.zeros((2, 3, 7), np.float32)


def test_each_frame_has_its_own_picture() -> None:
    pictures = np.stack([np.full((8, 8, 3), shade, np.uint8) for shade in (10, 20)])

    picture = Answer(ITEMS, CANDIDATES, 0.0, 0.1, answerer(), pictures).picture(1)

    assert picture is not None
    assert (picture.rgb_hwc == 20).all()
    assert picture.letterbox == BOX


def test_without_pictures_there_is_none() -> None:
    assert Answer(ITEMS, CANDIDATES, 0.0, 0.1, answerer()).picture(0) is None
