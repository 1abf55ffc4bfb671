"""Signatures made by OpenSSL, as the documentation says."""

import subprocess
from pathlib import Path

import pytest

from edgedet.errors import ConfigError, ModelError
from edgedet.manifest import MANIFEST_FILE, Bundle
from edgedet.models.fetch import SIGNATURE_FILE
from edgedet.models.signature import check_signature
from tests.models.bundles import make_bundle

pytest.importorskip("cryptography", reason="the extra 'signed' is not installed")


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def _key(folder: Path, name: str) -> tuple[Path, Path]:
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    _openssl("genpkey", "-algorithm", "ed25519", "-out", private)
    _openssl("pkey", "-in", private, "-pubout", "-out", public)
    return private, public


def _sign(bundle: Bundle, private: Path) -> None:
    _openssl(
        "pkeyutl", "-sign", "-rawin", "-inkey", private,
        "-in", bundle.folder / MANIFEST_FILE, "-out", bundle.folder / SIGNATURE_FILE,
    )  # fmt: skip


def test_signed_by_the_right_one(tmp_path: Path) -> None:
    private, public = _key(tmp_path, "ours")
    bundle = make_bundle(tmp_path / "made")
    _sign(bundle, private)
    check_signature(bundle.folder, public)


def test_signed_by_another_changed_after_or_not_at_all(tmp_path: Path) -> None:
    _, public = _key(tmp_path, "ours")
    private, other = _key(tmp_path, "theirs")
    bundle = make_bundle(tmp_path / "made")
    with pytest.raises(ModelError, match="is not signed"):
        check_signature(bundle.folder, public)
    _sign(bundle, private)
    with pytest.raises(ModelError, match="not by the key"):
        check_signature(bundle.folder, public)
    path = bundle.folder / MANIFEST_FILE
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ModelError, match="not by the key"):
        check_signature(bundle.folder, other)


def test_keys_that_are_none(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "made")
    with pytest.raises(ConfigError, match="cannot read"):
        check_signature(bundle.folder, tmp_path / "nowhere")
    (tmp_path / "text").write_text("no key")
    with pytest.raises(ConfigError, match="no public key in PEM form"):
        check_signature(bundle.folder, tmp_path / "text")
    private, public = tmp_path / "rsa.key", tmp_path / "rsa.pub"
    _openssl("genpkey", "-algorithm", "RSA", "-out", private)
    _openssl("pkey", "-in", private, "-pubout", "-out", public)
    with pytest.raises(ConfigError, match="not an Ed25519 key"):
        check_signature(bundle.folder, public)
