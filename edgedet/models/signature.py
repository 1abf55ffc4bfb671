"""Is a bundle signed by the one whose key the configuration names? The only file with cryptography.

Signed is `manifest.json`, which names the digests of all other files. Ed25519 over its bytes, 64
bytes raw in `manifest.json.sig`, as `openssl pkeyutl -sign -rawin` writes them (RFC 8032).
"""

from pathlib import Path

from edgedet.errors import ConfigError, ModelError
from edgedet.files import read_plain, read_secret
from edgedet.manifest import MANIFEST_FILE
from edgedet.models.fetch import SIGNATURE_FILE

_SIGNATURE_BYTES = 64


def check_signature(folder: Path, public_key_file: Path) -> None:
    """Compare the signature of the bundle in `folder` with the key.

    Raises:
        ConfigError: if the key cannot be used here.
        ModelError: if the bundle is not signed, or not by that key.
    """
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PublicKey,
        )
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
            load_pem_public_key,
        )
    except ImportError as exc:
        msg = "model.public_key_file: signatures need `pip install 'edgedet[signed]'`"
        raise ConfigError(msg) from exc
    try:
        key = load_pem_public_key(read_secret(public_key_file))
    except OSError as exc:
        msg = f"model.public_key_file: cannot read '{public_key_file}' ({exc.strerror})"
        raise ConfigError(msg) from exc
    except ValueError as exc:
        msg = f"model.public_key_file: '{public_key_file}' is no public key in PEM form"
        raise ConfigError(msg) from exc
    if not isinstance(key, Ed25519PublicKey):
        msg = f"model.public_key_file: '{public_key_file}' is not an Ed25519 key"
        raise ConfigError(msg)
    try:
        signature = read_plain(folder / SIGNATURE_FILE)[: _SIGNATURE_BYTES + 1]
        key.verify(signature, read_plain(folder / MANIFEST_FILE))
    except OSError as exc:
        msg = f"the bundle in '{folder}' is not signed: {SIGNATURE_FILE} is missing; sign it"
        raise ModelError(msg) from exc
    except InvalidSignature as exc:
        msg = (
            f"the signature of the bundle in '{folder}' is not by the key {public_key_file}; "
            "it is not installed"
        )
        raise ModelError(msg) from exc
