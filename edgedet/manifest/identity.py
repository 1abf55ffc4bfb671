"""The identity of a bundle's model, as messages tell it."""

from edgedet.manifest.schema import MODEL_FILE, Manifest
from edgedet.model_identity import ModelIdentity


def identity_of(manifest: Manifest) -> ModelIdentity:
    """The identity of the model that `manifest` describes."""
    return ModelIdentity(
        name=manifest.name,
        version=manifest.version,
        sha256=next(entry.sha256 for entry in manifest.files if entry.path == MODEL_FILE),
        precision=manifest.precision,
        class_names=tuple(manifest.class_names),
    )
