"""What was learnt of one model is not believed of another."""

from edgedet.stream.batch import Batch, BatchItem
from edgedet.stream.model import Model
from edgedet.stream.sizing import Sizing
from edgedet.vision.letterbox import Letterbox
from tests.stream.fakes import fake_model
from tests.track.scenes import frame_at


def _batch(model: Model, size: int) -> Batch:
    batch = Batch.empty(8, model)
    box = Letterbox.fit((6, 8), model.input_hw)
    batch.items += [BatchItem(frame_at(0.1 * n), box, 0.0) for n in range(size)]
    return batch


def test_the_first_batch_of_each_model_is_small() -> None:
    first, second = fake_model(), fake_model()
    sizing = Sizing(8, first)
    assert sizing.max_size() == 1
    sizing.taken(_batch(first, 1))
    assert sizing.max_size() == 8
    sizing.follow(second)
    assert sizing.max_size() == 1
    sizing.taken(_batch(first, 4))  # one that was on its way
    assert sizing.max_size() == 1
    sizing.taken(_batch(second, 1))
    assert sizing.max_size() == 8


def test_costs_are_those_of_the_model_in_use() -> None:
    first, second = fake_model(), fake_model()
    sizing = Sizing(8, first)
    for _ in range(3):
        assert sizing.add(_batch(first, 2), 0.2)
    assert sizing.cost.usual_s(2) == 0.2
    generation = sizing.cost.generation
    sizing.follow(first)
    assert sizing.cost.generation == generation
    sizing.follow(second)
    assert sizing.cost.generation != generation
    assert not sizing.cost.is_known
    assert not sizing.add(_batch(first, 2), 0.2)
    assert not sizing.cost.is_known
