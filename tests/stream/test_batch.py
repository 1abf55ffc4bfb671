"""A batch hands out its painted part alone."""

import numpy as np

from edgedet.frame import CaptureSource, CaptureTime, FrameInfo
from edgedet.stream.batch import Batch, BatchItem
from edgedet.vision.letterbox import Letterbox
from tests.stream.fakes import START_UTC


def _item(seq: int, index: int = 0) -> BatchItem:
    info = FrameInfo("a", seq, 8, 6, None, CaptureTime(START_UTC, CaptureSource.FILE), 0.0)
    return BatchItem(info, Letterbox.fit((6, 8), (32, 32)), 0.0, index)


def test_pictures_are_a_contiguous_view_of_the_painted_part() -> None:
    batch = Batch(np.zeros((4, 32, 32, 3), dtype=np.uint8))
    batch.items += [_item(0), _item(1)]
    pictures = batch.pictures_nhwc
    assert pictures.shape == (2, 32, 32, 3)
    assert pictures.flags.c_contiguous
    assert pictures.base is batch.images_nhwc


def test_clear_forgets_pictures_and_members() -> None:
    batch = Batch(np.zeros((4, 32, 32, 3), dtype=np.uint8), [_item(0)], {0: 1})
    batch.clear()
    assert len(batch.pictures_nhwc) == 0
    assert batch.members == {}


def test_pictures_that_are_taken_out_close_their_ranks() -> None:
    batch = Batch(np.zeros((5, 4, 4, 3), dtype=np.uint8))
    for slot, index in enumerate((0, 1, 0, 2, 0)):
        batch.images_nhwc[slot] = 10 * slot
        batch.items.append(_item(slot, index))
        batch.members[index] = batch.members.get(index, 0) + 1
    removed = batch.remove([3, 0])
    assert [item.frame.seq for item in removed] == [0, 3]
    assert [item.frame.seq for item in batch.items] == [1, 2, 4]
    assert batch.pictures_nhwc[:, 0, 0, 0].tolist() == [10, 20, 40]
    assert batch.members == {0: 2, 1: 1}
