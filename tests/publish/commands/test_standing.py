"""Orders outlive the run in which they were given."""

from pathlib import Path

import pytest

from edgedet.publish.commands.standing import FILE_NAME, Orders, StandingOrders
from tests.odd_files import ODD, put_odd

GIVEN = Orders(
    paused={"gate": "2026-05-04T12:00:00.000Z"}, score_threshold=0.5, configured=(0.25, 0.45)
)


def test_orders_are_those_of_the_run_before(tmp_path: Path) -> None:
    assert StandingOrders(tmp_path).now == Orders()
    StandingOrders(tmp_path).change(GIVEN)

    assert StandingOrders(tmp_path).now == GIVEN


def test_thresholds_give_way_to_another_configuration() -> None:
    assert GIVEN.thresholds((0.25, 0.45)) == (0.5, None)
    assert GIVEN.thresholds((0.3, 0.45)) == (None, None)
    assert Orders().thresholds((0.3, 0.45)) == (None, None)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"paused": ["gate"]}', b"\xff"])
def test_spoilt_file_is_told_and_nothing_is_ordered(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)

    standing = StandingOrders(tmp_path)
    assert standing.now == Orders()
    assert "give the commands again" in caplog.text
    standing.change(GIVEN)
    assert (tmp_path / f"{FILE_NAME}.damaged").read_bytes() == content


def test_what_cannot_be_kept_does_not_hold(tmp_path: Path) -> None:
    standing = StandingOrders(tmp_path / "nowhere")

    with pytest.raises(OSError, match="nowhere"):
        standing.change(GIVEN)

    assert standing.now == Orders()


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_told_and_holds_nobody_up(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    put_odd(tmp_path / FILE_NAME, kind)

    assert StandingOrders(tmp_path).now == Orders()
    assert "give the commands again" in caplog.text
