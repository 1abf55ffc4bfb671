"""Shares of a batch on threads of their own, and batches dealt out to them."""

import weakref
from pathlib import Path

import numpy as np
import pytest

from edgedet.detect.lanes import Candidates, Images, Lane, gather
from edgedet.detect.onnxruntime import OrtDetector
from edgedet.errors import ModelError
from tests.detect.tiny_bundle import make_tiny_bundle


def test_answers_come_for_their_shares_in_order() -> None:
    lane = Lane("test", lambda images: images.astype(np.float32))
    try:
        for value in range(5):
            lane.submit(np.full((1, 2), value, dtype=np.uint8))
            assert lane.result().tolist() == [[value, value]]
    finally:
        lane.close()
        lane.close()


def test_what_goes_wrong_is_raised_where_the_result_is_taken() -> None:
    def fail(_: Images) -> Candidates:
        message = "no"
        raise RuntimeError(message)

    lane = Lane("test", fail)
    try:
        for _ in range(2):
            lane.submit(np.zeros((1, 2), dtype=np.uint8))
            with pytest.raises(RuntimeError, match="no"):
                lane.result()
    finally:
        lane.close()


def test_a_lane_that_has_ended_says_so_instead_of_waiting() -> None:
    lane = Lane("test", lambda images: images.astype(np.float32))
    lane.close()
    with pytest.raises(ModelError, match="thread 'test' ended without an answer"):
        lane.result()


def test_no_answer_stays_behind_when_one_of_several_lanes_fails() -> None:
    def fail_at_odd(images: Images) -> Candidates:
        if images[0, 0] % 2:
            message = f"no {images[0, 0]}"
            raise RuntimeError(message)
        return images.astype(np.float32)

    lanes = [Lane(f"test-{number}", fail_at_odd) for number in range(3)]
    try:
        for first, works in ((10, False), (21, False), (30, True)):
            step = 2 if works else 1
            values = range(first, first + 3 * step, step)
            for lane, value in zip(lanes, values, strict=True):
                lane.submit(np.full((1, 2), value, dtype=np.uint8))
            if works:
                assert [answer[0, 0] for answer in gather(lanes)] == list(values)
            else:
                with pytest.raises(RuntimeError, match=f"no {first if first % 2 else first + 1}"):
                    gather(lanes)
    finally:
        for lane in lanes:
            lane.close()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_batch_dealt_out_has_the_answers_of_single_pictures(tmp_path: Path, threads: int) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle")
    height, width = bundle.input_hw
    images = np.random.default_rng(0).integers(0, 256, (8, height, width, 3), dtype=np.uint8)
    detector = OrtDetector(bundle, threads=threads, max_batch=8)
    try:
        singles = np.concatenate([detector.infer(images[n : n + 1]) for n in range(8)])
        for count in range(1, 9):
            found = detector.infer(np.ascontiguousarray(images[:count]))
            assert np.array_equal(found, singles[:count])
    finally:
        detector.close()


def test_a_closed_lane_lets_go_of_what_it_ran() -> None:
    class Session:
        def run(self, images_nhwc: Images) -> Candidates:
            return images_nhwc.astype(np.float32)

    session = Session()
    gone = weakref.ref(session)
    lane = Lane("lane", session.run)
    lane.close()
    del session
    assert gone() is None
