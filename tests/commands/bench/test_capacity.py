import pytest

from edgedet.commands.bench.capacity import cameras_at, judge, limiter, sources_for
from edgedet.commands.bench.figures import Question
from tests.commands.bench import made


def test_a_busy_backend_is_the_limit() -> None:
    assert limiter(made.whole(busy=0.95), made.bare(), made.cost()) == "infer"


def test_busy_cores_are_the_limit_where_the_backend_waits() -> None:
    assert limiter(made.whole(busy=0.6, cpu=0.95), made.bare(), made.cost()) == "cores"


@pytest.mark.parametrize(
    ("decode_ms", "images_per_s", "expected"), [(9.0, 500.0, "decode"), (1.0, 200.0, "infer")]
)
def test_else_it_is_the_stage_that_takes_longest(
    decode_ms: float, images_per_s: float, expected: str
) -> None:
    calm = made.whole(busy=0.4, cpu=0.5)
    assert limiter(calm, made.bare(images_per_s), made.cost(decode_ms)) == expected


@pytest.mark.parametrize(
    ("images_per_s", "decode_ms", "expected"), [(40.0, 2.0, 1), (400.0, 8.0, 4), (5000.0, 8.0, 16)]
)
def test_so_many_sources_that_decoding_keeps_up(
    images_per_s: float, decode_ms: float, expected: int
) -> None:
    assert sources_for(made.bare(images_per_s), made.cost(decode_ms)) == expected


def test_cameras_leave_a_tenth_to_spare() -> None:
    assert [cameras_at(40.0, fps) for fps in (5, 10, 30, 50)] == [7, 3, 1, 0]


def test_a_wish_holds_if_all_is_detected_in_time() -> None:
    answer = judge(Question(4, 10.0, 200.0), made.row(), made.whole(39.6, total=150.0))
    assert answer.holds
    assert answer.offered_fps == 40.0


def test_lost_frames_are_told_with_the_limit_and_what_would_do() -> None:
    answer = judge(Question(8, 10.0, 200.0), made.row(), made.whole(41.0, total=150.0))
    assert not answer.holds
    assert answer.reason == (
        "41.0 of 80.0 images/s are detected; the backend is the limit "
        "(40.0 images/s at full speed), enough for 3 cameras"
    )


def test_late_answers_are_told_with_where_the_time_goes() -> None:
    late = made.whole(40.0, total=260.0, queue=180.0, infer=70.0)
    answer = judge(Question(4, 10.0, 200.0), made.row(), late)
    assert answer.reason == (
        "1 % of the answers take more than 260 ms, most of it waiting for the backend (p99 180 ms)"
    )
