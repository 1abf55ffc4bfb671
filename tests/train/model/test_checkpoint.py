"""Reading checkpoints: every sound form is read, everything else is refused without running."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from edgedet.errors import ModelError
from train.model import build_model, read_checkpoint
from train.model.unpickle import Placeholder

Entries = dict[str, bytes]


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return dict(build_model("yolov7-tiny", 1).state_dict())


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.pt"
    weight = torch.arange(18.0).reshape(18, 1, 1, 1)
    torch.save({"model.77.m.0.weight": weight, "model.77.m.0.bias": torch.zeros(18)}, path)
    return path


def _entries(path: Path) -> Entries:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, entries: Entries, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def _with_pickle(path: Path, data: bytes) -> Path:
    return _write(path, {"archive/data.pkl": data, "archive/data/0": bytes(64)})


class _Named(pickle.Pickler):
    """Writes storages as PyTorch does: as persistent ids."""

    def persistent_id(self, obj: object) -> object:
        return obj.pid if isinstance(obj, _Storage) else None


class _Storage:
    def __init__(self, key: object = "0", numel: object = 16) -> None:
        self.pid = ("storage", torch.FloatStorage, key, "cuda:3", numel)


class _Tensor:
    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return torch._utils._rebuild_tensor_v2, (*self.arguments, False, None)


def _pickled(value: object) -> bytes:
    stream = io.BytesIO()
    _Named(stream, protocol=2).dump(value)
    return stream.getvalue()


def _one_tensor(storage: object, offset: object, size: object, stride: object) -> bytes:
    return _pickled({"model.77.m.0.weight": _Tensor(storage, offset, size, stride)})


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("wrap", [None, "state_dict", "model", "ema"])
def test_reads_state_dicts_in_their_wrappings(
    tmp_path: Path, state: dict[str, torch.Tensor], prefix: str, wrap: str | None
) -> None:
    path = tmp_path / "foreign.pt"
    weights = {f"{prefix}{key}": value for key, value in state.items()}
    torch.save({wrap: weights, "epoch": 4} if wrap else weights, path)
    checkpoint = read_checkpoint(path)
    assert list(checkpoint.weights) == list(state)
    assert all(torch.equal(checkpoint.weights[key], state[key]) for key in state)
    info = checkpoint.info
    assert (info.form, info.num_classes, info.head, info.fused) == (
        "state-dict",
        1,
        "implicit",
        False,
    )


def test_ignores_the_device_that_a_tensor_was_saved_from(tmp_path: Path) -> None:
    data = _one_tensor(_Storage(), 0, (12, 1, 1, 1), (1, 1, 1, 1))
    with pytest.raises(ModelError, match="12 channels"):
        read_checkpoint(_with_pickle(tmp_path / "cuda.pt", data))


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (0, (17,), (1,)),
        (1, (16,), (1,)),
        (0, (4, 4), (5, 1)),
        (-1, (4,), (1,)),
        (0, (4,), (-1,)),
        (0, (2**20,), (0,)),
        (0, (4,), (1, 1)),
        (2**50, (0,), (1,)),
        (0, ("4",), (1,)),
    ],
)
def test_refuses_views_outside_their_storage(
    tmp_path: Path, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    data = _one_tensor(_Storage(), offset, size, stride)
    with pytest.raises(ModelError, match=r"refused checkpoint.*tensor"):
        read_checkpoint(_with_pickle(tmp_path / "bounds.pt", data))


@pytest.mark.parametrize(
    "storage",
    [
        _Storage("../../../etc/passwd"),
        _Storage("/etc/passwd"),
        _Storage("7"),
        _Storage(numel=17),
        _Storage(numel=2**62),
        _Storage(numel=-1),
        _Storage(numel="16"),
        "no storage",
    ],
)
def test_refuses_storages_that_are_not_as_described(tmp_path: Path, storage: object) -> None:
    data = _one_tensor(storage, 0, (4,), (1,))
    with pytest.raises(ModelError, match="refused checkpoint"):
        read_checkpoint(_with_pickle(tmp_path / "storage.pt", data))


class _Runs:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("protocol", [2, 4])
def test_refuses_a_pickle_that_would_run_code(tmp_path: Path, protocol: int) -> None:
    target = tmp_path / "fired"
    data = pickle.dumps({"model": _Runs(target)}, protocol)
    with pytest.raises(ModelError, match=r"names .*, which no YOLOv7 checkpoint needs"):
        read_checkpoint(_with_pickle(tmp_path / "runs.pt", data))
    assert not target.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02}",
        b"\x80\x02\x82\x01.",  # extension registry
        b"\x80\x02Nr\xff\xff\xff\x7f.",  # memo index that asks for gigabytes
        b"\x80\x02ctorch._utils\n_rebuild_parameter\nN}X\x01\x00\x00\x00a" + b"K\x01s\x86b.",
        b"(imodels.yolo\nModel\n.",
        b"\x80\x02" + b"\x85" * 100 + b".",
    ],
    ids=["empty", "cut", "extension", "memo", "state-of-function", "instance", "stack"],
)
def test_refuses_damaged_and_hostile_pickles(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelError, match="refused checkpoint"):
        read_checkpoint(_with_pickle(tmp_path / "hostile.pt", data))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda e: e | {"sound/byteorder": b"big"}, "little-endian"),
        (lambda e: e | {"sound/constants.pkl": b""}, "TorchScript"),
        (lambda e: e | {"sound/code/a.py": b""}, "TorchScript"),
        (lambda e: e | {"other/data.pkl": b""}, "found 2"),
        (lambda e: {k: v for k, v in e.items() if "data.pkl" not in k}, "found 0"),
        (lambda e: {k: v for k, v in e.items() if not k.endswith("/0")}, "data/0 is missing"),
        (lambda e: {k: v[:-1] if k.endswith("/0") else v for k, v in e.items()}, "71 bytes"),
        (lambda e: {k: v[:-4] if k.endswith("/0") else v for k, v in e.items()}, "17 elements"),
    ],
)
def test_refuses_archives_with_a_wrong_entry(
    tmp_path: Path, sound: Path, change: Callable[[Entries], Entries], named: str
) -> None:
    path = _write(tmp_path / "changed.pt", change(_entries(sound)))
    with pytest.raises(ModelError, match=named):
        read_checkpoint(path)


def test_refuses_compressed_entries(tmp_path: Path, sound: Path) -> None:
    path = _write(tmp_path / "bomb.pt", _entries(sound), zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match="compressed"):
        read_checkpoint(path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_refuses_files_that_are_cut_off(tmp_path: Path, sound: Path, share: float) -> None:
    data = sound.read_bytes()
    path = tmp_path / "cut.pt"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelError, match="no whole zip archive"):
        read_checkpoint(path)


def test_refuses_flipped_bits_in_weights(tmp_path: Path, sound: Path) -> None:
    data = bytearray(sound.read_bytes())
    data[data.find(torch.arange(18.0).numpy().tobytes()) + 5] ^= 0x40
    path = tmp_path / "flipped.pt"
    path.write_bytes(data)
    with pytest.raises(ModelError, match="cannot be read"):
        read_checkpoint(path)


def test_refuses_the_form_from_before_zip(tmp_path: Path) -> None:
    path = tmp_path / "legacy.pt"
    torch.save({"a": torch.zeros(1)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ModelError, match=r"older than PyTorch 1.6"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [{}, {"epoch": 1}, [1, 2], {"a": torch.zeros(2)}, None])
def test_refuses_files_without_a_network(tmp_path: Path, content: object) -> None:
    path = tmp_path / "nothing.pt"
    torch.save(content, path)
    with pytest.raises(ModelError, match="refused checkpoint"):
        read_checkpoint(path)


def test_tells_that_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*missing\.pt: No such file"):
        read_checkpoint(tmp_path / "missing.pt")


def test_a_placeholder_keeps_state_and_nothing_else() -> None:
    placeholder = Placeholder("any", word="ignored")
    placeholder.__setstate__({"names": ["person"]})
    assert placeholder.state == {"names": ["person"]}
    assert not hasattr(placeholder, "__dict__")


@pytest.mark.realdata
def test_the_canary_is_refused_and_does_not_fire(
    test_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"pathlib\.Path"):
        read_checkpoint(test_data / "parity" / "canary.pt")
    assert not list(tmp_path.iterdir())


@pytest.mark.realdata
def test_reads_what_an_official_file_says_of_itself(test_data: Path) -> None:
    checkpoint = read_checkpoint(test_data / "parity" / "plain_head.pt")
    info = checkpoint.info
    assert (info.form, info.head, info.fused) == ("official", "plain", False)
    assert (len(checkpoint.weights), len(info.names), info.num_classes) == (338, 80, 80)
    assert info.anchors_px is not None
    assert info.anchors_px[2][2] == (373.0, 326.0)
    assert info.metadata["epoch"] == -1
