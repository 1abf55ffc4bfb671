"""The store of decoded pictures."""

import multiprocessing
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from edgedet.errors import UsageError
from train.data.dataset import Sample
from train.data.disk_pictures import FOLDER
from train.data.store import CACHE_KINDS, CacheKind, CachePlan, PictureStore

COUNT = 40


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Pictures of noise, 48 x 64, all different."""
    labels = np.array([[0, 0.5, 0.5, 0.4, 0.4]], dtype=np.float32)
    rng = np.random.default_rng(0)
    found = []
    for number in range(COUNT):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
        found.append(Sample(path, labels))
    return found


def store(samples: list[Sample], kind: CacheKind, folder: Path, side: int = 32) -> PictureStore:
    return PictureStore(samples, side, CachePlan(kind, 1 << 30, folder))


def pictures(of: PictureStore) -> np.ndarray:
    return np.stack([of.get(index).image_hwc for index in range(len(of))])


@pytest.mark.parametrize("kind", CACHE_KINDS)
def test_every_cache_gives_the_same_pictures(
    samples: list[Sample], tmp_path: Path, kind: CacheKind
) -> None:
    plain = pictures(PictureStore(samples, 32))
    kept = store(samples, kind, tmp_path)
    kept.preload()

    assert plain.shape == (COUNT, 24, 32, 3)
    assert np.array_equal(pictures(kept), plain)
    assert np.allclose(kept.get(3).boxes_xyxy, [[9.6, 7.2, 22.4, 16.8]])


@pytest.mark.parametrize("kind", ["ram", "disk"])
def test_what_was_kept_is_not_decoded_again(
    samples: list[Sample], tmp_path: Path, kind: CacheKind
) -> None:
    kept = store(samples, kind, tmp_path)
    kept.preload()
    for sample in samples:
        sample.path.unlink()

    assert pictures(kept).shape == (COUNT, 24, 32, 3)


def test_a_second_run_decodes_only_what_changed(samples: list[Sample], tmp_path: Path) -> None:
    store(samples, "disk", tmp_path).preload()
    cv2.imwrite(str(samples[5].path), np.full((48, 64, 3), 9, dtype=np.uint8))
    again = store(samples, "disk", tmp_path)
    again.preload()

    assert len(list((tmp_path / FOLDER).rglob("*.npy"))) == COUNT + 1
    assert set(np.unique(again.get(5).image_hwc)) == {9}


def test_memory_stays_within_the_limit_and_says_so(
    samples: list[Sample], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = store(samples, "ram", tmp_path)
    kept.preload(limit_bytes=2 * 24 * 32 * 3)

    assert sorted(kept._pictures) == [0, 1]
    assert kept.get(9).image_hwc.shape == (24, 32, 3)
    assert "2 of 40 pictures are kept in memory" in caplog.text


def test_the_backdrop_does_not_depend_on_the_cache(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    scene = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    none = np.zeros((0, 5), dtype=np.float32)
    samples = []
    for number in range(COUNT):
        scene_now = scene.copy()
        scene_now[:4, number % 28 : number % 28 + 4] = 255
        cv2.imwrite(str(tmp_path / f"{number}.png"), scene_now[:, :, ::-1])
        samples.append(Sample(tmp_path / f"{number}.png", none))
    for kind in CACHE_KINDS:
        kept = store(samples, kind, tmp_path)
        kept.preload(limit_bytes=5000)
        (view,) = kept.backdrops().views
        assert np.array_equal(view.backdrop_hwc, scene)
        assert kept.backdrops() is kept.backdrops()


class _Means(torch.utils.data.Dataset[float]):
    def __init__(self, of: PictureStore) -> None:
        self._of = of

    def __len__(self) -> int:
        return len(self._of)

    def __getitem__(self, index: int) -> float:
        return float(self._of.get(index).image_hwc.mean())


@pytest.mark.parametrize(
    ("method", "kind"), [("fork", "ram"), ("fork", "disk"), ("fork", "none"), ("spawn", "disk")]
)
def test_worker_processes_see_the_same_pictures(
    samples: list[Sample], tmp_path: Path, method: str, kind: CacheKind
) -> None:
    kept = store(samples, kind, tmp_path)
    kept.preload()
    means = _Means(kept)
    loader = DataLoader(
        means, 10, num_workers=1, multiprocessing_context=multiprocessing.get_context(method)
    )

    expected = torch.tensor([means[index] for index in range(COUNT)], dtype=torch.float64)
    assert torch.equal(torch.cat(list(loader)), expected)


def test_a_spawned_worker_gets_no_copy_of_the_memory(samples: list[Sample], tmp_path: Path) -> None:
    kept = store(samples, "ram", tmp_path)
    kept.preload()

    assert kept.__getstate__()["_pictures"] == {}
    assert len(kept._pictures) == COUNT


def test_a_disk_cache_without_a_folder_is_refused() -> None:
    with pytest.raises(UsageError, match="--cache disk: no folder"):
        CachePlan.of("disk", None)
    assert CachePlan.of("ram", None).limit_bytes == 4 << 30
