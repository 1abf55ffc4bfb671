"""Bundles made wrong, and wishes that nobody may have: each is refused, with the reason."""

import subprocess
from pathlib import Path

import pytest

from edgedet.config.rollout import RolloutSettings
from edgedet.errors import ModelError
from edgedet.manifest import Bundle, TrainingFacts
from edgedet.models.store import CONFIGURED, ModelStore
from edgedet.rollout.intake import Intake
from edgedet.rollout.wish import Asker, Wish, wish_back
from tests.models.bundles import make_bundle, pack


class Place:
    """A device, and a folder from which it may fetch."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "srv"
        self.folder.mkdir()
        self.configured = make_bundle(tmp_path / "old", "0", class_names=["person", "car"])
        self.store = ModelStore(tmp_path / "state")

    def offer(self, version: str = "8", **changes: object) -> tuple[Bundle, Wish]:
        """A bundle that lies there, and the wish for it."""
        changes = {"class_names": ["person", "car"], **changes}
        bundle = make_bundle(self.folder / f"made-{version}", version, **changes)
        return bundle, self.wish(bundle, bundle.folder)

    @staticmethod
    def wish(bundle: Bundle, where: Path | str) -> Wish:
        return Wish(asker=Asker.COMMAND, url=str(where), sha256=bundle.digest)

    def take(self, wish: Wish, key: Path | None = None, **settings: object) -> str:
        """The id of what was installed."""
        values = {"allow_from": [str(self.folder)], "require_signature": False, **settings}
        checked = RolloutSettings.model_validate(values)
        intake = Intake(self.store, self.configured, lambda: checked, key)
        intake.check(wish)
        folder = intake.fetched(wish, lambda _what, _count: None)
        return intake.verified(wish, folder, self.configured).id


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_sound_bundle_is_installed(place: Place) -> None:
    bundle, wish = place.offer()

    found = place.take(wish)

    assert place.store.find(found).bundle.digest == bundle.digest


def test_an_archive_too(place: Place) -> None:
    bundle, _ = place.offer()
    archive = pack(bundle, place.folder / "person.tar.gz")

    assert place.take(place.wish(bundle, archive)).startswith("tiny-8-")


@pytest.mark.parametrize("name", [CONFIGURED, "tiny-8"])
def test_what_is_here_needs_no_place(place: Place, name: str) -> None:
    bundle, _ = place.offer()
    place.store.add(bundle.folder)

    found = place.take(Wish(asker=Asker.COMMAND, model=name), allow_from=[])

    assert found.startswith(name)


def test_a_model_that_is_not_here_is_told(place: Place) -> None:
    with pytest.raises(ModelError, match="there is no installed model 'person-9'"):
        place.take(Wish(asker=Asker.COMMAND, model="person-9"))


def test_from_elsewhere_nothing_is_fetched(place: Place, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "elsewhere")

    with pytest.raises(ModelError, match=r"rollout\.allow_from names .*srv"):
        place.take(place.wish(bundle, bundle.folder))
    with pytest.raises(ModelError, match=r"rollout\.allow_from names nowhere"):
        place.take(place.offer()[1], allow_from=[])


def test_without_a_key_nothing_is_fetched_unless_that_is_meant(place: Place) -> None:
    with pytest.raises(ModelError, match="must be signed, and there is no key"):
        place.take(place.offer()[1], require_signature=True)


def test_the_operator_of_the_machine_may(place: Place, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "elsewhere", class_names=["person", "car"])
    wish = Wish(asker=Asker.OPERATOR, url=str(bundle.folder))

    assert place.take(wish, allow_from=[], require_signature=True)


def test_another_bundle_than_the_one_that_is_meant(place: Place) -> None:
    wish = place.offer()[1]
    place.offer(training=TrainingFacts(architecture="other"))

    with pytest.raises(ModelError, match="it is another bundle"):
        place.take(wish)


def test_a_corrupt_one(place: Place) -> None:
    bundle, wish = place.offer()
    content = bytearray(bundle.model_path.read_bytes())
    content[len(content) // 2] ^= 1
    bundle.model_path.write_bytes(content)

    with pytest.raises(ModelError, match="is not the file that the manifest names"):
        place.take(wish)
    assert place.store.installed() == []


def test_classes_in_another_order(place: Place) -> None:
    wish = place.offer(class_names=["car", "person"])[1]

    with pytest.raises(ModelError, match="are car, person, those in use are person, car"):
        place.take(wish)


def test_more_classes_behind_the_same_ones(place: Place) -> None:
    assert place.take(place.offer(class_names=["person", "car", "van"])[1])


def test_the_way_back_may_have_fewer_classes(place: Place) -> None:
    bundle, _ = place.offer(class_names=["person"])
    found = place.store.add(bundle.folder)

    assert place.take(wish_back(found.id, Asker.COMMAND)) == found.id


def test_unsigned_and_signed_by_somebody_else(place: Place, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="the extra 'signed' is not installed")
    (ours, key), (theirs, _) = _key_pair(tmp_path / "ours"), _key_pair(tmp_path / "theirs")
    bundle, wish = place.offer()

    with pytest.raises(ModelError, match="is not signed"):
        place.take(wish, key, require_signature=True)
    _sign(bundle, theirs)
    with pytest.raises(ModelError, match="is not by the key"):
        place.take(wish, key, require_signature=True)
    _sign(bundle, ours)
    assert place.take(wish, key, require_signature=True)


def test_a_key_that_cannot_be_read_is_no_reason_to_end(place: Place, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="the extra 'signed' is not installed")

    with pytest.raises(ModelError, match=r"cannot read .*gone"):
        place.take(place.offer()[1], tmp_path / "gone")


def _key_pair(folder: Path) -> tuple[Path, Path]:
    folder.mkdir()
    private, public = folder / "key", folder / "pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def _sign(bundle: Bundle, key: Path) -> None:
    manifest = bundle.folder / "manifest.json"
    sign = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(key), "-in", str(manifest)]
    subprocess.run([*sign, "-out", f"{manifest}.sig"], check=True)
