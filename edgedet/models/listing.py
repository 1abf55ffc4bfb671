"""The models of a device as a table of plain values, for the command line and for replies."""

from collections.abc import Mapping

from edgedet.manifest import Bundle
from edgedet.models.store import CONFIGURED, ModelStore


def listed(
    store: ModelStore, configured: Bundle, used: Bundle, kept: Mapping[str, str]
) -> list[dict[str, object]]:
    """The configured bundle and all that are installed; `used` is the one in use.

    `kept` says what each installed one stays for; of which it says nothing, that goes before long.
    """
    rows = [(CONFIGURED, configured)]
    rows += [(each.id, each.bundle) for each in store.installed()]
    return [
        {
            "id": name,
            "model": bundle.manifest.name,
            "version": bundle.manifest.version,
            "precision": bundle.manifest.precision,
            "sha256": bundle.digest,
            "folder": str(bundle.folder),
            "in_use": bundle.folder == used.folder,
            "kept_for": CONFIGURED if name == CONFIGURED else kept.get(name, ""),
        }
        for name, bundle in rows
    ]
