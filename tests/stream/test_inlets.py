"""Places that keep their numbers while inlets come and go."""

from edgedet.frame import Frame
from edgedet.stream.batch import Inlet
from edgedet.stream.channel import Channel
from edgedet.stream.inlets import Inlets
from tests.stream.fakes import FramePool


def _inlet(name: str) -> Inlet:
    return Inlet(name, Channel[Frame](2, dispose=Frame.close))


def _names(inlets: Inlets) -> list[str]:
    return [inlet.source_id for inlet in inlets]


def test_the_place_of_one_that_is_gone_is_given_to_another() -> None:
    inlets = Inlets([_inlet("a"), _inlet("b")])
    inlets.add(_inlet("c"))
    assert _names(inlets) == ["a", "b", "c"]
    assert inlets.has_new
    assert inlets.take_new() == (2,)
    assert inlets.take_new() == ()
    inlets.remove("b")
    assert inlets.present == {"a", "c"}
    for name in ("d", "e"):
        inlets.add(_inlet(name))
    assert _names(inlets) == ["a", "d", "c", "e"]
    assert inlets.take_new() == (1, 3)
    assert inlets[1].source_id == "d"


def test_coming_and_going_takes_no_room() -> None:
    inlets = Inlets([_inlet("a")])
    for _ in range(50):
        inlets.add(_inlet("b"))
        inlets.remove("b")
    assert len(inlets) == 2
    assert inlets.present == {"a"}


def test_what_waits_of_one_that_goes_is_given_back_to_its_decoder() -> None:
    pool, inlet = FramePool(), _inlet("a")
    inlet.channel.put(pool.frame("a", 1))
    inlets = Inlets([inlet])
    inlets.remove("a")
    inlets.remove("never there")
    assert pool.open_frames == set()
    assert inlet.is_gone
    assert not inlet.channel.put(pool.frame("a", 2))
