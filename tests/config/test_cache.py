from pathlib import Path

import pytest

from edgedet.config.cache import user_cache_dir


def test_heeds_the_variable_that_names_it() -> None:
    assert user_cache_dir({"XDG_CACHE_HOME": "/srv/cache"}) == Path("/srv/cache/edgedet")


@pytest.mark.parametrize("environ", [{}, {"XDG_CACHE_HOME": "relative"}])
def test_lies_in_the_home_folder(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert user_cache_dir(environ) == Path("/home/me/.cache/edgedet")


def test_there_is_none_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Path:
        message = "no home"
        raise RuntimeError(message)

    monkeypatch.setattr(Path, "home", refuse)
    assert user_cache_dir({}) is None
