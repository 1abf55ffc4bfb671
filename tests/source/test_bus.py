"""What the messages of a pipeline lead to."""

import time
from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import DecoderError
from tests.source.media import (
    OPEN_S,
    count_frames,
    fast,
    make_video,
    run,
)


def test_damage_in_the_middle_kills_nothing(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.avi", frames=60)
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + 500] = np.random.default_rng(1).bytes(500)
    path.write_bytes(content)
    assert 30 < count_frames(fast(path)) <= 60


def test_unknown_codec_is_named_at_once(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv")
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ"))
    start_s = time.monotonic()
    with pytest.raises(DecoderError, match=r"source 'gate' .*no decoder for .*install"):
        fast(path).open(OPEN_S)
    assert time.monotonic() - start_s < OPEN_S / 2


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    run(f'audiotestsrc num-buffers=40 ! vorbisenc ! matroskamux ! filesink location="{path}"')
    with pytest.raises(DecoderError, match="no video track"):
        fast(path).open(OPEN_S)
