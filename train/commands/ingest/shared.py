"""What the commands of `train ingest` have in common: options, the writing, the telling."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from edgedet.errors import DataError
from edgedet.manifest import read_bundle
from train.commands.options import one_of
from train.data.description import SPLITS, class_names_of, load_yaml
from train.data.ingest.annotated import Annotated as Picture
from train.data.ingest.annotated import Tally
from train.data.ingest.classes import like_previous
from train.data.ingest.folder import SetFolder
from train.data.ingest.split import Shares, split
from train.data.ingest.write import Written, write_pictures
from train.model import read_checkpoint

Out = Annotated[Path, typer.Option(help="New folder for pictures, labels and data.yaml.")]
Pictures = Annotated[
    str, typer.Option(help="copy, or link: hard links, no second copy on the same disk.")
]
Previous = Annotated[
    Path | None,
    typer.Option(help="A checkpoint, bundle or data.yaml whose order of classes is kept."),
]
ValShare = Annotated[float, typer.Option(help="Share of the pictures for val.")]
TestShare = Annotated[float, typer.Option(help="Share of the pictures for test.")]
Seed = Annotated[int, typer.Option(help="Same seed, same split.")]
GroupBy = Annotated[
    str,
    typer.Option(
        help="Keep pictures together: folder, or a regular expression on names. Without it, frames "
        "of a clip are split by time and other pictures by chance."
    ),
]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a set goes, and how."""

    out: Path
    pictures: str
    previous: Path | None

    @property
    def link(self) -> bool:
        """Whether pictures become hard links.

        Raises:
            UsageError: if `pictures` is neither `copy` nor `link`.
        """
        return one_of("--pictures", self.pictures, ("copy", "link")) == "link"


def write_set(  # noqa: PLR0913 - everything that makes a set
    console: Console,
    target: Target,
    class_names: tuple[str, ...],
    items: list[Picture],
    tally: Tally,
    *,
    shares: Shares | None = None,
    how: str = "",
    origin: dict[str, object] | None = None,
    notes: Iterable[Path] = (),
) -> Written:
    """Split where there are `shares`, write everything to `target`, and tell what was done.

    Raises:
        DataError: if the set cannot be made; nothing is left of it then.
    """
    told = []
    with SetFolder(target.out, link=target.link) as folder:
        if target.previous is not None:
            previous = previous_names(target.previous)
            class_names, items, line = like_previous(class_names, previous, items)
            told.append(line)
        if shares is not None:
            items, how = split(items, shares)
        with Progress(console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("pictures", total=len(items))
            written = write_pictures(items, folder, lambda done: bar.update(task, completed=done))
        for note in notes:
            folder.keep_note(note)
        folder.finish(class_names, origin)
    written.tally.update(tally)
    tell(console, target.out, class_names, written, [f"split {how}", *told])
    return written


def tell(
    console: Console,
    out: Path,
    class_names: tuple[str, ...],
    written: Written,
    lines: Iterable[str] = (),
) -> None:
    """Print what was written, and everything that was left out or changed."""
    sizes = ", ".join(f"{written.images[s]} in {s}" for s in SPLITS if written.images[s])
    left = ", ".join(f"{count} {what}" for what, count in written.tally.items() if count)
    total = f"{sum(written.images.values())} pictures, {written.total_objects} objects"
    text = [
        f"{out / 'data.yaml'}: {total}; {left or 'nothing left out or changed'}",
        f"classes: {', '.join(f'{i} {name}' for i, name in enumerate(class_names))}",
        f"pictures: {sizes}",
        *lines,
        *(f"warning: {line}" for line in written.missing_classes(class_names)),
    ]
    console.print("\n".join(text), markup=False, highlight=False, soft_wrap=True)


def previous_names(place: Path) -> tuple[str, ...]:
    """The class names that a checkpoint, a bundle or a `data.yaml` knows, in order.

    Raises:
        DataError: if it names no classes.
        ModelError: if it cannot be read.
    """
    if place.suffix in (".yaml", ".yml"):
        return class_names_of(load_yaml(place), place)
    if place.is_dir():
        return tuple(read_bundle(place).manifest.class_names)
    names = tuple(read_checkpoint(place).info.names)
    if not names:
        msg = f"--previous {place}: this checkpoint does not say what its classes are called"
        raise DataError(msg)
    return names


def names_in(text: str) -> tuple[str, ...]:
    """The names in `person, car`."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
