from edgedet.clock import SystemClock
from edgedet.commands.bench.feed import measure_source
from edgedet.config.source import SourceSettings


def test_gives_pictures_as_the_pipeline_paints_them_and_what_they_cost() -> None:
    source = SourceSettings(id="a", uri="test://white?width=96&height=48", realtime=False)
    feed = measure_source(source, (64, 96), 0.05, SystemClock())
    assert feed.pictures_nhwc.shape == (16, 64, 96, 3)
    assert len(feed.boxes) == 16
    top = feed.boxes[0].top
    assert top == 8
    for picture in feed.pictures_nhwc:
        assert (picture[:top] == 114).all()
        assert (picture[top : top + 48] > 250).all()
    assert (feed.cost.width, feed.cost.height, feed.cost.decoder) == (96, 48, "raw")
    assert feed.cost.decode_ms > 0
    assert feed.cost.paint.count >= 16
