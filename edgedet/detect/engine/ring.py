"""Places for pictures and answers that take turns, so that copies and compute overlap."""

from dataclasses import dataclass, field

from edgedet.detect.cuda import Cuda, Event, Graph, Memory

SLOTS = 3  # one is filled, one computed, one emptied


@dataclass(slots=True)
class Slot:
    """Memory for a share of a batch, with the marks of its three steps.

    `graphs` are captured runs by number of pictures; `seen` are the numbers that ran without.
    """

    images: Memory
    candidates: Memory
    uploaded: Event
    computed: Event
    downloaded: Event
    graphs: dict[int, Graph] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def free(self) -> None:
        """Give everything back; may be called twice."""
        for graph in self.graphs.values():
            graph.free()
        self.graphs.clear()
        for each in (self.uploaded, self.computed, self.downloaded, self.images, self.candidates):
            each.free()


def make_slot(cuda: Cuda, images_bytes: int, candidates_bytes: int) -> Slot:
    """A slot for shares of at most so many bytes.

    Raises:
        ModelError: If there is no memory for it; nothing is left behind.
    """
    parts: list[Memory | Event] = []
    try:
        images = cuda.allocate(images_bytes)
        parts.append(images)
        candidates = cuda.allocate(candidates_bytes)
        parts.append(candidates)
        uploaded = cuda.create_event()
        parts.append(uploaded)
        computed = cuda.create_event()
        parts.append(computed)
        return Slot(images, candidates, uploaded, computed, cuda.create_event())
    except BaseException:
        for part in parts:
            part.free()
        raise
