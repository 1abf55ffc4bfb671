"""Where bundles may come from, and every trick to have them come from elsewhere."""

from pathlib import Path

import pytest

from edgedet.rollout.places import is_within

PLACES = ["https://models.example.com/edgedet/", "http://10.0.0.2:8000/"]


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example.com/edgedet/person-8.tar.gz",
        "https://models.example.com:443/edgedet/a/b.zip",
        "https://MODELS.example.com/edgedet/b.zip?signature=abc",
        "http://10.0.0.2:8000/person/manifest.json",
    ],
)
def test_what_is_below_a_place_may(url: str) -> None:
    assert is_within(url, PLACES)


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example.com/edgedet-evil/b.zip",
        "https://models.example.com/edgedet/../secret/b.zip",
        "https://models.example.com/edgedet/%2e%2e/secret/b.zip",
        "https://models.example.com/edgedet/..%2fsecret/b.zip",
        "https://models.example.com/edgedet/a\\..\\b.zip",
        "https://models.example.com/edgedet/./b.zip",
        "https://models.example.com@evil.net/edgedet/b.zip",
        "https://models.example.com:8443/edgedet/b.zip",
        "https://models.example.com.evil.net/edgedet/b.zip",
        "http://models.example.com/edgedet/b.zip",
        "https://evil.net/https://models.example.com/edgedet/b.zip",
        "https://models.example.com/edgedet/b.zip\r\nHost: evil.net",
        "https://models.example.com/edgedet/b.zip#x",
        "http://10.0.0.2:80000/b.zip",
        "ftp://models.example.com/edgedet/b.zip",
        "file:///etc/passwd",
        "https://[::1/edgedet/",
        "/etc",
        "",
    ],
)
def test_what_is_not_may_not(url: str) -> None:
    assert not is_within(url, PLACES)


def test_folders_and_links_out_of_them(tmp_path: Path) -> None:
    place, secret = tmp_path / "bundles", tmp_path / "secret"
    for folder in (place / "a", secret):
        folder.mkdir(parents=True)
    (place / "link").symlink_to(secret)

    assert is_within(str(place / "a"), [str(place)])
    assert is_within(str(place / "not-there.zip"), [str(place)])
    assert not is_within(str(place / "link"), [str(place)])
    assert not is_within(str(place / ".." / "secret"), [str(place)])
    assert not is_within("bundles/a", [str(place)])
