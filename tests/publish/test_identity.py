"""Who publishes."""

import re

from edgedet.publish.identity import client_id, new_boot_id, read_machine_id


def test_client_id_differs_by_machine_and_stays() -> None:
    ids = [client_id("gate", machine) for machine in ("a", "b", "a")]

    assert ids[0] == ids[2] != ids[1]
    assert re.fullmatch(r"edgedet-gate-[0-9a-f]{8}", client_id("gate"))
    assert read_machine_id() not in client_id("gate")


def test_boot_id_is_new_each_time() -> None:
    boots = {new_boot_id() for _ in range(20)}

    assert len(boots) == 20
    assert all(re.fullmatch(r"[0-9a-f]{8}", boot) for boot in boots)
