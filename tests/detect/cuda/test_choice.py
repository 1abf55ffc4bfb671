import sys

import pytest

from edgedet.detect.cuda import open_cuda
from edgedet.errors import ModelError
from tests.detect.cuda import fake_bindings
from tests.detect.cuda.fake_gpu import FakeGpu


@pytest.mark.parametrize("binding", fake_bindings.BINDINGS)
def test_takes_the_binding_that_is_installed(monkeypatch: pytest.MonkeyPatch, binding: str) -> None:
    fake_bindings.install(monkeypatch, binding, FakeGpu())
    cuda = open_cuda()
    assert cuda.binding == binding
    cuda.close()


def test_of_two_bindings_takes_the_one_with_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = FakeGpu()
    fake_bindings.install(monkeypatch, "pycuda", gpu)
    both = {name: sys.modules[name] for name in ("pycuda", "pycuda.driver")}
    fake_bindings.install(monkeypatch, "cuda-bindings", gpu)
    for name, module in both.items():
        monkeypatch.setitem(sys.modules, name, module)
    cuda = open_cuda()
    assert cuda.capture is not None
    cuda.close()


def test_no_binding_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bindings.hide(monkeypatch)
    with pytest.raises(ModelError, match=r"pip install 'edgedet\[cuda\]'"):
        open_cuda()
