"""Clips for the simulated cameras."""

from pathlib import Path

import pytest

from edgedet.errors import SourceError
from edgedet.sim.clip import CODECS, Codec, Pattern, load_clip, pattern_clip
from tests.source.media import make_video

TIMEOUT_S = 20.0


def test_clip_is_encoded_once_and_kept(tmp_path: Path) -> None:
    file, cache = make_video(tmp_path / "a.avi", frames=12), tmp_path / "cache"
    first = load_clip(file, cache)
    (kept,) = cache.iterdir()
    written_ns = kept.stat().st_mtime_ns
    assert load_clip(file, cache) == first
    assert kept.stat().st_mtime_ns == written_ns
    assert (len(first.frames), first.fps) == (12, 25.0)


def test_changed_file_is_encoded_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_clip(make_video(tmp_path / "a.avi", frames=12), cache)
    clip = load_clip(make_video(tmp_path / "a.avi", frames=7), cache)
    assert len(clip.frames) == 7


def test_first_frame_is_a_key_frame_with_its_parameters(tmp_path: Path) -> None:
    clip = pattern_clip(Pattern("ball", fps=10), tmp_path)
    kinds = {part[0] & 0x1F for part in clip.frames[0].split(b"\x00\x00\x01")[1:] if part}
    assert {5, 7, 8} <= kinds  # H.264: IDR slice, sequence and picture parameter set
    assert len(clip.frames) == 100


@pytest.mark.parametrize("content", [b"no video", b""])
def test_what_is_no_video_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    file, cache = tmp_path / "a.avi", tmp_path / "cache"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.avi"):
        load_clip(file, cache)
    assert not list(tmp_path.glob("cache/*"))


def test_key_frames_are_where_they_were_ordered(tmp_path: Path) -> None:
    pattern = Pattern("ball", width=96, height=64, fps=10, seconds=3, key_interval_s=1.5)
    assert pattern_clip(pattern, tmp_path).keys == (0, 15)


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_every_codec_makes_its_own_clip(tmp_path: Path, codec: Codec) -> None:
    clip = pattern_clip(Pattern("ball", codec, 96, 64, fps=10, seconds=1), tmp_path)
    assert (clip.codec, len(clip.frames), clip.keys[0]) == (codec, 10, 0)
