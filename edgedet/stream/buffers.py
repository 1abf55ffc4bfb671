"""Two batches that take turns between the thread that fills them and the backend."""

from collections.abc import Callable

from edgedet.stream.backend import BackendWatch
from edgedet.stream.batch import Batch
from edgedet.stream.channel import Channel
from edgedet.stream.model import Model

_BUFFERS = 2


class Buffers:
    """Batches are begun, offered, taken and returned; an offered one can be recalled.

    One thread begins, offers and recalls, another takes and returns. `wake` is called when the
    first one may have something to do.
    """

    def __init__(
        self, max_size: int, model: Model, backend: BackendWatch, wake: Callable[[], object]
    ) -> None:
        """Allocate room for `max_size` pictures in each."""
        self._backend = backend
        self._wake = wake
        self._free = Channel[Batch](_BUFFERS)
        self._ready = Channel[Batch](_BUFFERS)
        for _ in range(_BUFFERS):
            self._free.put(Batch.empty(max_size, model))

    @property
    def is_drained(self) -> bool:
        """Whether no batch is left to take and none will come."""
        return self._ready.is_drained

    @property
    def has_offer(self) -> bool:
        """Whether a batch waits to be taken."""
        return len(self._ready) > 0

    def begin(self) -> Batch | None:
        """An empty batch, if there is one."""
        return self._free.get_nowait()

    def leave(self, batch: Batch) -> None:
        """Return a batch that was begun and not offered; it is still empty."""
        self._free.put(batch)

    def offer(self, batch: Batch) -> None:
        """Let the backend have `batch`."""
        self._backend.is_offered()
        self._ready.put(batch)

    def recall(self) -> Batch | None:
        """Take back what was offered and not taken yet."""
        # with two on offer, putting one back would change their order
        return self._ready.get_nowait() if len(self._ready) == 1 else None

    def close(self) -> None:
        """Offer nothing more; what is on offer can still be taken."""
        self._ready.close()

    def take(self, timeout_s: float) -> Batch | None:
        """The next batch, or None when none was offered within `timeout_s`."""
        batch = self._ready.get_nowait()
        if batch is None:
            self._backend.asks()
            self._wake()
            batch = self._ready.get(timeout_s)
        return batch

    def give_back(self, batch: Batch) -> None:
        """Return a batch that was taken."""
        batch.clear()
        self._free.put(batch)
        self._wake()
