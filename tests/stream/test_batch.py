"""A batch hands out its painted part alone."""

import ctypes
import mmap

import numpy as np
from numpy.typing import NDArray

from edgedet.frame import CaptureSource, CaptureTime, FrameInfo
from edgedet.stream.batch import Batch, BatchItem
from edgedet.vision.letterbox import Letterbox
from tests.stream.fakes import START_UTC, fake_model


def _item(seq: int, index: int = 0) -> BatchItem:
    info = FrameInfo("a", seq, 8, 6, None, CaptureTime(START_UTC, CaptureSource.FILE), 0.0)
    return BatchItem(info, Letterbox.fit((6, 8), (32, 32)), 0.0, index)


def test_pictures_are_a_contiguous_view_of_the_painted_part() -> None:
    batch = Batch.empty(4, fake_model())
    batch.items += [_item(0), _item(1)]
    pictures = batch.pictures_nhwc
    assert pictures.shape == (2, 32, 32, 3)
    assert pictures.flags.c_contiguous
    assert pictures.base is batch.images_nhwc


def test_its_memory_is_resident_before_the_first_picture() -> None:
    """Pages that nobody wrote to come one by one, with larger batches, and look like a leak."""
    batch = Batch.empty(64, fake_model(input_hw=(256, 256)))
    assert _resident_share(batch.images_nhwc) == 1.0
    batch.fit(fake_model(input_hw=(512, 256)))
    assert _resident_share(batch.images_nhwc) == 1.0


def _resident_share(array: NDArray[np.uint8]) -> float:
    """Of the whole pages of an array, those that lie in memory (mincore(2))."""
    first = -(-array.ctypes.data // mmap.PAGESIZE)
    count = (array.ctypes.data + array.nbytes) // mmap.PAGESIZE - first
    states = (ctypes.c_ubyte * count)()
    address, length = ctypes.c_void_p(first * mmap.PAGESIZE), ctypes.c_size_t(count * mmap.PAGESIZE)
    assert ctypes.CDLL(None).mincore(address, length, states) == 0
    return sum(state & 1 for state in states) / count


def test_clear_forgets_pictures_and_members() -> None:
    batch = Batch.empty(4, fake_model())
    batch.items.append(_item(0))
    batch.members[0] = 1
    batch.clear()
    assert len(batch.pictures_nhwc) == 0
    assert batch.members == {}


def test_pictures_that_are_taken_out_close_their_ranks() -> None:
    batch = Batch.empty(5, fake_model(input_hw=(4, 4)))
    for slot, index in enumerate((0, 1, 0, 2, 0)):
        batch.images_nhwc[slot] = 10 * slot
        batch.items.append(_item(slot, index))
        batch.members[index] = batch.members.get(index, 0) + 1
    removed = batch.remove([3, 0])
    assert [item.frame.seq for item in removed] == [0, 3]
    assert [item.frame.seq for item in batch.items] == [1, 2, 4]
    assert batch.pictures_nhwc[:, 0, 0, 0].tolist() == [10, 20, 40]
    assert batch.members == {0: 2, 1: 1}


def test_pictures_are_painted_anew_for_another_input() -> None:
    batch = Batch.empty(2, fake_model())
    batch.images_nhwc[0] = 114
    batch.images_nhwc[0, 4:28] = 200  # where `_item` lies: 6 x 8 in 32 x 32
    batch.items.append(_item(3))
    same, other = fake_model(), fake_model(input_hw=(64, 96))
    pictures = batch.images_nhwc
    batch.fit(same)
    assert batch.images_nhwc is pictures
    batch.fit(other)
    assert batch.model is other
    assert batch.pictures_nhwc.shape == (1, 64, 96, 3)
    box = batch.items[0].box
    assert box == Letterbox.fit((6, 8), (64, 96))
    painted = batch.pictures_nhwc[0]
    assert (painted[:, box.left : box.left + box.content_hw[1]] == 200).all()
    assert (painted[:, : box.left] == 114).all()
    assert batch.items[0].frame.seq == 3
