"""What messages tell of a bundle's model."""

from edgedet.manifest import FileEntry, InputSpec, Manifest, identity_of
from edgedet.model_identity import ModelIdentity


def test_takes_the_digest_of_the_graph() -> None:
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

    identity = identity_of(manifest)

    assert identity == ModelIdentity("person", "1", "a" * 64, "fp32", ("person",))
