"""How orders to broker and label service are carried out, and how all of them read."""

from collections.abc import Callable, Mapping

from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelService
from edgedet.sim.mosquitto import Mosquitto
from edgedet.sim.scenario.steps import LabelsOrder


def tell_mosquitto(broker: Mosquitto, deed: str) -> None:
    """Start or end it, or hold it."""
    deeds: dict[str, tuple[Callable[[], object], ...]] = {
        "start": (broker.start,),
        "stop": (broker.stop,),
        "kill": (broker.kill,),
        "restart": (broker.stop, broker.start),
        "hold": (broker.hold,),
        "resume": (broker.resume,),
    }
    for each in deeds[deed]:
        each()


def tell_labels(service: LabelService, order: LabelsOrder) -> None:
    """Let it go wrong, or be well."""
    if order.kind is not None:
        service.inject(LabelFault(**order.model_dump(exclude={"do"})))
    elif order.do == "forgive":
        service.forgive()
    else:
        service.set_online(order.do == "on")


def in_words(order: Mapping[str, object]) -> str:
    """An order as it was written, without secrets."""
    more = [f"{key}={value}" for key, value in order.items() if key not in {"do", "password"}]
    return " ".join([str(order.get("do", "")), *more]).strip()
