from pathlib import Path

import numpy as np
import pytest

from edgedet.commands.bench.bare import measure_bare
from edgedet.commands.bench.feed import Feed
from edgedet.commands.bench.whole import Load
from edgedet.config.model import ModelSettings
from edgedet.config.source import SourceSettings
from edgedet.vision import Letterbox
from tests.commands.bench import made
from tests.detect.tiny_bundle import bright_square, make_tiny_bundle


@pytest.mark.parametrize("batch", [1, 3, 24])
def test_counts_pictures_and_not_batches(tmp_path: Path, batch: int) -> None:
    bundle = make_tiny_bundle(tmp_path)
    pictures = np.stack([bright_square(0, 0)] * 16)
    feed = Feed(pictures, (Letterbox.fit((64, 96), (64, 96)),) * 16, made.cost())
    settings = ModelSettings(bundle=tmp_path, backend="onnxruntime", threads=1)
    source = SourceSettings(id="a", uri="test://ball")
    load = Load(settings, source, batch, tmp_path)
    found = measure_bare(bundle, load, feed, 0.05)
    assert found.engine is None
    # as many pictures as runs have, in the time that it may take; a stall may lengthen a run
    assert 0.04 <= found.run.count * batch / found.images_per_s < 2.0
    assert 0 < found.run.p50_ms <= found.run.p99_ms
    assert found.post.p50_ms > 0
