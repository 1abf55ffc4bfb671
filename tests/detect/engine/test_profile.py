import pytest

from edgedet.detect.engine.profile import BatchProfile
from edgedet.errors import ModelError


def test_says_its_sizes() -> None:
    assert str(BatchProfile(1, 4, 8)) == "1-4-8"


@pytest.mark.parametrize("sizes", [(0, 1, 1), (2, 1, 4), (1, 5, 4), (1, 1, 2000)])
def test_refuses_sizes_out_of_order(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ModelError, match="1 <= min <= opt <= max <= 1024"):
        BatchProfile(*sizes)
