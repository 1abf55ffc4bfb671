"""What of GStreamer is here, asked of GStreamer itself."""

from pathlib import Path

import pytest

from edgedet.errors import SourceError
from edgedet.source.library import has_element, tls_database


def test_elements_are_looked_up_in_the_registry() -> None:
    assert has_element("videotestsrc")
    assert not has_element("nosuchelement")


def test_certificates_are_read_or_refused_with_what_was_expected(
    certificate: Path, tmp_path: Path
) -> None:
    assert tls_database(certificate) is not None
    with pytest.raises(SourceError, match=r"cannot read tls_ca_file .*none\.pem.*PEM"):
        tls_database(tmp_path / "none.pem")
