"""Bundles that were installed on this device: fetched, proven, put to use, and taken back."""

from edgedet.models.active import ActiveModel
from edgedet.models.fetch import fetch
from edgedet.models.signature import check_signature
from edgedet.models.store import Installed, ModelStore

__all__ = [
    "ActiveModel",
    "Installed",
    "ModelStore",
    "check_signature",
    "fetch",
]
