"""The best one-to-one pairing of two sets; exact, in numpy.

SciPy and lap have this too, and are large or compiled for something that pairs ten rows with ten
columns: no device should have to install them for it.
"""

import numpy as np
from numpy.typing import NDArray


def assign(gains: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column) with the largest sum of gains (N, M), by row; only gains above 0 count.

    A row or column stays alone rather than in a pair without gain. Most pairs of a picture have no
    rival, so what hangs together is solved by itself, and a single pair is no problem at all.

    >>> assign(np.array([[0.9, 0.8, 0.0], [0.7, 0.0, 0.0]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = np.nonzero(gains > 0.0)
    if len(rows) == 0:
        return []
    pairs: list[tuple[int, int]] = []
    for group_rows, group_columns in _groups(rows.tolist(), columns.tolist()):
        if len(group_rows) == len(group_columns) == 1:
            pairs.append((group_rows[0], group_columns[0]))
            continue
        part = np.maximum(gains[np.ix_(group_rows, group_columns)], 0.0)
        pairs += [
            (group_rows[row], group_columns[column])
            for row, column in _solve(part)
            if part[row, column] > 0.0
        ]
    return sorted(pairs)


def _groups(rows: list[int], columns: list[int]) -> list[tuple[list[int], list[int]]]:
    """Rows and columns that hang together over pairs (row, column), each in ascending order."""
    parent: dict[tuple[bool, int], tuple[bool, int]] = {}

    def root(node: tuple[bool, int]) -> tuple[bool, int]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for row, column in zip(rows, columns, strict=True):
        parent[root((True, row))] = root((False, column))
    groups: dict[tuple[bool, int], tuple[list[int], list[int]]] = {}
    for node in sorted(parent):
        is_row, index = node
        groups.setdefault(root(node), ([], []))[0 if is_row else 1].append(index)
    return list(groups.values())


def _solve(gains: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The perfect pairing of the smaller side with the largest sum.

    Source: shortest augmenting paths with dual variables, after R. Jonker and A. Volgenant, "A
    shortest augmenting path algorithm for dense and sparse linear assignment problems", Computing
    38 (1987).
    """
    if gains.shape[0] > gains.shape[1]:
        return [(row, column) for column, row in _solve(gains.T)]
    if len(gains) == 1:
        return [(0, int(gains[0].argmax()))]
    cost = gains.max() - gains
    count, width = cost.shape
    row_price, column_price = np.zeros(count), np.zeros(width)
    row_of = np.full(width, -1)
    column_of = np.full(count, -1)
    for start in range(count):
        distance = np.full(width, np.inf)
        previous = np.full(width, -1)
        is_done = np.zeros(width, dtype=np.bool_)
        row, lowest, rows = start, 0.0, []
        while True:
            rows.append(row)
            through = lowest + cost[row] - row_price[row] - column_price
            is_better = ~is_done & (through < distance)
            distance[is_better] = through[is_better]
            previous[is_better] = row
            column = int(np.where(is_done, np.inf, distance).argmin())
            lowest = float(distance[column])
            is_done[column] = True
            if row_of[column] < 0:
                break
            row = int(row_of[column])
        row_price[start] += lowest
        passed = np.array(rows[1:], dtype=np.int64)
        row_price[passed] += lowest - distance[column_of[passed]]
        column_price[is_done] -= lowest - distance[is_done]
        _augment(row_of, column_of, previous, column, start)
    return [(row, int(column)) for row, column in enumerate(column_of)]


def _augment(
    row_of: NDArray[np.int64],
    column_of: NDArray[np.int64],
    previous: NDArray[np.int64],
    column: int,
    start: int,
) -> None:
    """Turn the pairs over along the path that ends in the free `column`."""
    while True:
        row = int(previous[column])
        row_of[column] = row
        column_of[row], column = column, int(column_of[row])
        if row == start:
            return
