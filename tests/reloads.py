"""Applications whose configuration file is changed while they run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgedet.app import Application
from edgedet.config.load import load_settings
from edgedet.event import SourceState
from tests.brokers import wait_until
from tests.runs import PATTERN, tiny_settings


class ConfigFile:
    """A configuration with two live patterns and a disabled one."""

    def __init__(self, folder: Path, **sections: object) -> None:
        bundle = tiny_settings(folder).model.bundle
        self.content: dict[str, Any] = {
            "model": {"bundle": str(bundle), "backend": "onnxruntime", "threads": 1},
            "sources": [
                {"id": "a", "uri": PATTERN},
                {"id": "b", "uri": PATTERN},
                {"id": "off", "uri": PATTERN, "enabled": False},
            ],
            "mqtt": "off",
            "jsonl": str(folder / "out.jsonl"),
            "state_dir": str(folder / "state"),
            **sections,
        }
        self.path = folder / "edgedet.yaml"
        self.write()

    def write(self) -> None:
        self.path.write_text(json.dumps(self.content), encoding="utf-8")


class Bench(ConfigFile):
    """An application that runs such a file."""

    def __init__(self, folder: Path, **sections: object) -> None:
        super().__init__(folder, **sections)
        self.app = Application(
            load_settings(self.path, {}).settings,
            read_settings=lambda: load_settings(self.path, {}).settings,
        )

    def change(self, source: int, **values: object) -> dict[str, Any]:
        """Change a source in the file, and reload."""
        self.content["sources"][source].update(values)
        return self.reload()

    def reload(self) -> dict[str, Any]:
        self.write()
        return self.app.reloader.command()

    def add(self, source_id: str, **values: object) -> dict[str, Any]:
        """Add a source to the file, and reload."""
        self.content["sources"].append({"id": source_id, "uri": PATTERN, **values})
        return self.reload()

    def drop(self, source_id: str) -> dict[str, Any]:
        """Take a source out of the file, and reload."""
        sources = self.content["sources"]
        self.content["sources"] = [source for source in sources if source["id"] != source_id]
        return self.reload()

    @property
    def sources(self) -> list[str]:
        return [view.status.source_id for view in self.app.snapshot().sources]

    def state(self, source_id: str) -> SourceState:
        views = {view.status.source_id: view for view in self.app.snapshot().sources}
        return views[source_id].status.state

    def is_live(self, source_id: str) -> bool:
        return self.state(source_id) is SourceState.LIVE


@contextmanager
def running(folder: Path, **sections: object) -> Iterator[Bench]:
    """A bench whose sources are live; `sections` are laid over its file."""
    bench = Bench(folder, **sections)
    bench.app.start()
    try:
        assert wait_until(lambda: bench.is_live("a") and bench.is_live("b"))
        yield bench
    finally:
        assert bench.app.stop(10.0)
