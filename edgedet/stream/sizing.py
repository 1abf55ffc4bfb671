"""How large the next batch may be for the model in use; with another one, all is learnt anew."""

from edgedet.stream.batch import Batch
from edgedet.stream.cost import BatchCost
from edgedet.stream.limit import BatchLimit
from edgedet.stream.model import Model


class Sizing:
    """One thread follows and asks; another tells what was taken and what it took."""

    def __init__(self, max_size: int, model: Model) -> None:
        """Begin with `model`, of which nothing is known."""
        self.cost = BatchCost()
        self.model = model
        """The one that frames are painted for."""
        self._limit = BatchLimit(max_size)
        self._taken: Model | None = None  # whose batch the backend had last

    def max_size(self, *, is_light: bool = False) -> int:
        """The most pictures that pay; the first batch of a model should be soon.

        `is_light`: the backend would keep up with single pictures.
        """
        return self._limit.size(is_light=is_light) if self._taken is self.model else 1

    @property
    def single_s(self) -> float:
        """What the backend takes for a picture alone; 0 while nothing is known."""
        return self._limit.single_s

    def follow(self, model: Model) -> None:
        """Paint for `model` from now on."""
        if model is self.model:
            return
        self.model = model
        self.cost.restart(model.single_s)
        self._limit.restart()

    def taken(self, batch: Batch) -> None:
        """The backend begins with `batch`."""
        self._taken = batch.model

    def add(self, batch: Batch, infer_s: float) -> bool:
        """Learn what a batch took; whether it says anything of the model in use."""
        if batch.model is not self.model:
            return False
        self._limit.add(len(batch.items), infer_s)
        self.cost.add(len(batch.items), infer_s)
        return True
