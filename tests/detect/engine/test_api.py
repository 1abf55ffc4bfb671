import sys

import pytest

from edgedet.detect.engine.api import load_tensorrt
from edgedet.errors import ModelError
from tests.detect.engine.devices import make_machine
from tests.detect.engine.fake_tensorrt import VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_the_newest_has_no_flags_for_precision(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    make_machine(monkeypatch, version)
    api = load_tensorrt()
    assert api.version == version
    assert api.is_strongly_typed == (version == "11.4.0")


def test_not_installed_says_how_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(ModelError, match="python3-libnvinfer"):
        load_tensorrt()


def test_keeps_the_first_complaint_until_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    make_machine(monkeypatch)
    api = load_tensorrt()
    severity = api.trt.ILogger
    api.logger.log(severity.WARNING, "by the way")
    api.logger.log(severity.ERROR, "first line\nsecond line")
    api.logger.log(severity.INTERNAL_ERROR, "another")
    assert api.last_words() == "first line"
    assert api.last_words() == ""
