"""How orders to broker, label service and runtime are carried out, and how all of them read."""

import re
import signal
import time
from collections.abc import Callable, Mapping

from edgedet.errors import SimError
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelService
from edgedet.sim.mosquitto import Mosquitto
from edgedet.sim.process import Process
from edgedet.sim.scenario.steps import LabelsOrder

RELOAD_TIMEOUT_S = 60.0  # each source that is opened anew may take some seconds
_TICK_S = 0.05
_RELOADED = re.compile(r"configuration read anew; (.*)$|: (.*); going on as before$", re.MULTILINE)


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


def reload(runtime: Process) -> str:
    """Let it read its configuration anew; what it says that came of it.

    Raises:
        SimError: it does not run, ends, or says nothing.
    """
    begin = runtime.said_bytes
    runtime.signal(signal.SIGHUP)
    end_s = time.monotonic() + RELOAD_TIMEOUT_S
    while runtime.is_alive:
        if match := _RELOADED.search(runtime.said(begin)):
            return match[1] or f"refused: {match[2]}"
        if time.monotonic() >= end_s:
            msg = f"the runtime has not read its configuration anew within {RELOAD_TIMEOUT_S:g} s"
            raise SimError(msg)
        time.sleep(_TICK_S)
    code = runtime.exit_code
    how = "has never run" if code is None else f"has ended with {code}"
    msg = f"the runtime cannot read its configuration anew: it {how}"
    raise SimError(msg)


def in_words(order: Mapping[str, object]) -> str:
    """An order as it was written, without secrets."""
    more = [f"{key}={value}" for key, value in order.items() if key not in {"do", "password"}]
    return " ".join([str(order.get("do", "")), *more]).strip()
