"""Who publishes."""

import re

from edgedet.manifest.schema import FileEntry, InputSpec, Manifest
from edgedet.publish.identity import ModelIdentity, client_id, new_boot_id, read_machine_id


def test_client_id_differs_by_machine_and_stays() -> None:
    ids = [client_id("gate", machine) for machine in ("a", "b", "a")]

    assert ids[0] == ids[2] != ids[1]
    assert re.fullmatch(r"edgedet-gate-[0-9a-f]{8}", client_id("gate"))
    assert read_machine_id() not in client_id("gate")


def test_boot_id_is_new_each_time() -> None:
    boots = {new_boot_id() for _ in range(20)}

    assert len(boots) == 20
    assert all(re.fullmatch(r"[0-9a-f]{8}", boot) for boot in boots)


def test_model_identity_takes_the_digest_of_the_graph() -> None:
    manifest = Manifest(
        name="person",
        version="1",
        class_names=["person"],
        precision="fp32",
        input=InputSpec(height=416, width=416),
        files=[
            FileEntry(path="weights.pt", sha256="b" * 64, size_bytes=1),
            FileEntry(path="model.onnx", sha256="a" * 64, size_bytes=1),
        ],
    )

    identity = ModelIdentity.of_manifest(manifest)

    assert identity == ModelIdentity("person", "1", "a" * 64, "fp32", ("person",))
