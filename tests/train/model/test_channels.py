"""Channels followed through the layer tables."""

from train.model.architectures.rows import Architecture, concat, conv, downc, pool, shortcut
from train.model.blocks import silu
from train.model.channels import map_channels

ANCHORS = (((1.0, 1.0),),)


def _network(*rows: object, head: int) -> Architecture:
    return Architecture("test", rows, (head,), (8,), ANCHORS, silu)  # type: ignore[arg-type]


def test_concat_joins_and_pools_pass_on() -> None:
    table = _network(conv(-1, 4), conv(-1, 6), pool(1, 2, 1), concat(2, 0, 2), conv(3, 8), head=4)
    found = map_channels(table, auxiliary=False)
    first, second, last = (c.makes for c in found.convolutions)

    assert found.convolutions[2].reads == (second, first, second)
    assert [found.sizes[group] for group in (first, second, last)] == [4, 6, 8]
    assert found.head_reads == [(last,)]


def test_a_sum_makes_one_group_of_two_for_all_that_read_either() -> None:
    table = _network(
        conv(-1, 4), conv(-1, 4), conv(1, 2), shortcut(1, 0), concat(3, 0), conv(4, 8), head=5
    )
    found = map_channels(table, auxiliary=False)
    a, b, side, last = found.convolutions

    assert a.makes == b.makes
    assert side.reads == (a.makes,)
    assert last.reads == (a.makes, a.makes)
    assert len(found.groups) == 3


def test_blocks_of_several_convolutions_have_a_group_for_each() -> None:
    found = map_channels(_network(conv(-1, 6), downc(0, 8), head=1), auxiliary=False)
    names = {c.name: (c.reads, found.sizes[c.makes]) for c in found.convolutions}
    stem = found.convolutions[0].reads
    group = {c.name: c.makes for c in found.convolutions}

    assert stem == (-1,)
    assert names["model.1.cv1"] == ((group["model.0"],), 6)
    assert names["model.1.cv2"] == ((group["model.1.cv1"],), 4)
    assert names["model.1.cv3"] == ((group["model.0"],), 4)
    assert found.head_reads == [(group["model.1.cv2"], group["model.1.cv3"])]
