"""The batch sizes that an engine is made for."""

from dataclasses import dataclass

from edgedet.errors import ModelError

MAX_BATCH = 1024


@dataclass(frozen=True, slots=True)
class BatchProfile:
    """Smallest, best and largest batch of an engine: all run, `best` is what it is tuned for."""

    smallest: int
    best: int
    largest: int

    def __post_init__(self) -> None:
        """Check the order.

        Raises:
            ModelError: If it is not 1 <= smallest <= best <= largest <= 1024.
        """
        if not 1 <= self.smallest <= self.best <= self.largest <= MAX_BATCH:
            msg = (
                f"a batch profile of {self} makes no sense; expected "
                f"1 <= min <= opt <= max <= {MAX_BATCH}"
            )
            raise ModelError(msg)

    def __str__(self) -> str:
        """As in `1-4-8`."""
        return f"{self.smallest}-{self.best}-{self.largest}"
