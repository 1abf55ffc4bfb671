"""Figures of several rounds, by name: told as they come, and as a table of their medians."""

import statistics

from rich.console import Console
from rich.table import Table


class Rows:
    """Collects one value a round of each figure."""

    def __init__(self) -> None:
        """Begin with none."""
        self._console = Console(soft_wrap=True)
        self._values: dict[str, list[float]] = {}
        self._rounds = 0

    def add(self, row: dict[str, float], what: str = "") -> None:
        """Add a round, and tell it; `what` says what was special about it."""
        self._rounds += 1
        for name, value in row.items():
            self._values.setdefault(name, []).append(value)
        told = ", ".join(f"{name} {value:.3f}" for name, value in row.items())
        self._console.print(f"round {self._rounds}{what and f' ({what})'}: {told}")

    def print(self, title: str) -> None:
        """Print the table."""
        table = Table(title=title, title_justify="left")
        table.add_column("what")
        for heading in ("min", "median", "max"):
            table.add_column(heading, justify="right")
        for name, values in self._values.items():
            numbers = (min(values), statistics.median(values), max(values))
            table.add_row(name, *(f"{value:.3f}" for value in numbers))
        self._console.print(table)
